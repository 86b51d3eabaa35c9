import Foundation
import TestSupport
import Testing
import Trials

@testable import WorkerService

@Suite("The configuration of a trial alone")
struct ConfigurationFileTests {
  private let configuration = TrialConfiguration(
    dataset: .sprites28, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
    tolerance: .value(20), milestones: [.batches(20)], seed: 1)

  private func read(_ text: String) throws(TrialFailure) -> TrialConfiguration {
    try ConfigurationFile.configuration(in: Data(text.utf8), of: "c.json")
  }

  @Test("a configuration is read alone, and as a trial of a plan with other keys")
  func both() throws {
    let text = configuration.canonicalText
    #expect(try read(text) == configuration)
    let entry = """
      {"id": "\(configuration.id)", "stage": "main", "replicate": 0, "parents": [], "steps": 20,
       "estimated_seconds": 1.5, "configuration": \(text)}
      """
    #expect(try read(entry) == configuration)
    #expect(try read("\u{feff}" + text) == configuration)
  }

  @Test("a complete plan is refused, with the command that extracts one trial")
  func plan() {
    let failure = #expect(throws: TrialFailure.self) { try read("{\"trials\": []}") }
    #expect(failure?.message.contains("expected one of its trials") == true)
  }

  @Test("an error inside a plan's trial is named with its place")
  func wrong() {
    let failure = #expect(throws: TrialFailure.self) {
      try read("{\"configuration\": {\"dataset\": 3}}")
    }
    #expect(failure?.message.hasPrefix("c.json: configuration: missing key ") == true)
    #expect(throws: TrialFailure.self) { try read("[]") }
    #expect(throws: TrialFailure.self) { try read("") }
  }

  @Test("a missing file is named")
  func missing() {
    let failure = #expect(throws: TrialFailure.self) {
      try ConfigurationFile.read("/nowhere/c.json")
    }
    #expect(
      failure?.message == "/nowhere/c.json: open failed: No such file or directory; "
        + "see that the name is right and its folder exists")
  }
}
