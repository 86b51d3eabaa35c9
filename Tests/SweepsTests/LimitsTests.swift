import Testing
import Trials

@testable import Sweeps

@Suite("Limits of a sweep")
struct LimitsTests {
  @Test("a sweep without limits has the defaults")
  func defaults() throws {
    #expect(try plan(oneTrial).limits == SweepLimits())
    #expect(try plan(oneTrial).limits.failures == nil)
  }

  @Test("every key is read")
  func all() throws {
    let text =
      oneTrial + """

        limits:
          max_failures: 0
          attempts: 5
          host_failures: 2
          canary: always
          stall_minutes: 90
        """
    var expected = SweepLimits()
    expected.failures = 0
    expected.attempts = 5
    expected.hostFailures = 2
    expected.canary = .always
    expected.stallMinutes = 90
    #expect(try plan(text).limits == expected)
  }

  @Test("limits change no trial's identity")
  func identity() throws {
    let limited = try plan(oneTrial + "\nlimits: {max_failures: 3, canary: never}")
    #expect(limited.trials == (try plan(oneTrial).trials))
    #expect(try plan(oneTrial, set: ["limits.max_failures=7"]).limits.failures == 7)
  }

  @Test("an invalid limit is refused with its place")
  func refused() {
    #expect(
      errors(oneTrial + "\nlimits: {max_failure: 3}") == [
        "x.yaml:6:10: unknown key \"max_failure\" in limits; expected one of max_failures, "
          + "attempts, host_failures, canary, stall_minutes, "
          + "kept_checkpoints_gb; did you mean \"max_failures\"?"
      ])
    for text in [
      "{max_failures: -1}", "{max_failures: 1.5}", "{attempts: 0}", "{host_failures: many}",
      "{canary: sometimes}", "{stall_minutes: 0}", "3", "[attempts]",
    ] {
      #expect(errors(oneTrial + "\nlimits: \(text)").count == 1, "\(text)")
    }
  }

  @Test("the reference of settings names every key")
  func documented() {
    for key in ["max_failures", "attempts", "host_failures", "canary", "stall_minutes"] {
      #expect(SettingsReference.text.contains("  \(key) "), "\(key)")
    }
  }
}
