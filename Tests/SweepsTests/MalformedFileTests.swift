import Foundation
import TestSupport
import Testing
import Trials

@testable import Sweeps

/// A malformed sweep file: `change` is applied to ``oneTrial`` by replacing the line that begins
/// with the same key, or appending.
struct Malformed: Sendable, CustomTestStringConvertible {
  let change: String
  let message: String

  init(_ change: String, _ message: String) {
    self.change = change
    self.message = message
  }

  var testDescription: String { change }

  /// The whole text.
  var text: String {
    let key = change.prefix { $0 != ":" } + ":"
    var lines = oneTrial.split(separator: "\n").map(String.init)
    if let index = lines.firstIndex(where: { $0.hasPrefix(key) }) {
      lines[index] = change
    } else {
      lines.append(change)
    }
    return lines.joined(separator: "\n")
  }
}

@Suite("Malformed sweep files are refused with place, finding and expectation")
struct MalformedFileTests {
  static let topKeys =
    "one of sweep, question, outputs, seed, replicates, limits, stages, dataset, latents, channels, "
    + "tolerance, trace, budget, model, trainer, axes, zip"
  static let budgetText =
    "a budget such as 200000 batches or 100 epochs, an ascending list of them in one unit, or {until: quiet, within: 2000 epochs}"
  static let latentsText =
    "a whole number from 1 to 4096, or a reference such as 2 * baseline.latents"
  static let toleranceText = "a number from 0 to 1000000, or a reference such as baseline.mse"
  static let datasets =
    "one of mnist, fashion-mnist, dsprites, shapes3d, cars3d, cifar100, sprites28, sprites64, shapes64, "
    + "or a set of your own that is prepared (coordinator data prepare NAME --as SHAPE)"

  static let keys: [Malformed] = [
    Malformed(
      "toleranse: 3",
      "x.yaml:6:1: unknown key \"toleranse\"; expected \(topKeys); did you mean \"tolerance\"?"),
    Malformed(
      "learning_rate: 0.1",
      "x.yaml:6:1: unknown key \"learning_rate\"; expected \(topKeys); "
        + "did you mean \"learning_rate\" under trainer?"),
    Malformed("xyzzy: 3", "x.yaml:6:1: unknown key \"xyzzy\"; expected \(topKeys)"),
    Malformed(
      "trainer: {gate_steepnes: 5}",
      "x.yaml:6:11: unknown key \"gate_steepnes\" in trainer; expected one of "
        + TrainerSetting.all.map(\.key).joined(separator: ", ")
        + "; did you mean \"gate_steepness\"?"),
    Malformed(
      "model: {chanels: [1]}",
      "x.yaml:6:9: unknown key \"chanels\" in model; expected one of latents, channels; "
        + "did you mean \"channels\"?"),
    Malformed(
      "model: {latents: 5}",
      "x.yaml:6:9: latents again (first at x.yaml:3:10); expected it once"),
    Malformed(
      "sweep: one two",
      "x.yaml:1:8: one two for sweep; expected a name of up to 64 letters, digits, _ and - "
        + "that begins with a letter"),
    Malformed(
      "question: \"a\\nb\"", "x.yaml:6:11: several lines for question; expected one line of text"),
    Malformed(
      "question: \"\\e[31ma\\u202e\"",
      "x.yaml:6:11: control characters for question; expected one line of text"),
    Malformed(
      "outputs: [figure4]",
      "x.yaml:6:11: figure4 for an output; expected one of figure1, figure2, figure3, table1, gates, latents; "
        + "did you mean \"figure1\"?"),
    Malformed(
      "outputs: table1", "x.yaml:6:10: table1 for outputs; expected a list such as [figure3]"),
    Malformed(
      "replicates: 0",
      "x.yaml:6:13: 0 for replicates; expected a whole number from 1 to 10000"),
    Malformed(
      "seed: -1",
      "x.yaml:6:7: -1 for seed; expected a whole number from 0 to 9223372036854775807"),
    Malformed(
      "stages: {}", "x.yaml:6:9: an empty mapping for stages; expected a mapping of named stages"),
  ]

  static let values: [Malformed] = [
    Malformed(
      "dataset: mnst",
      "x.yaml:2:10: mnst for dataset; expected \(datasets); did you mean \"mnist\"?"),
    Malformed("latents: 0", "x.yaml:3:10: 0 for latents; expected \(latentsText)"),
    Malformed("latents: 4097", "x.yaml:3:10: 4097 for latents; expected \(latentsText)"),
    Malformed("latents: 2.5", "x.yaml:3:10: 2.5 for latents; expected \(latentsText)"),
    Malformed("latents: \"5\"", "x.yaml:3:10: the text \"5\" for latents; expected \(latentsText)"),
    Malformed(
      "latents: [5, 10]",
      "x.yaml:3:10: a list for latents; expected \(latentsText); "
        + "did you mean an axis, axes: {latents: […]}?"),
    Malformed("tolerance: -1", "x.yaml:4:12: -1 for tolerance; expected \(toleranceText)"),
    Malformed("tolerance: .nan", "x.yaml:4:12: .nan for tolerance; expected \(toleranceText)"),
    Malformed("tolerance: .inf", "x.yaml:4:12: .inf for tolerance; expected \(toleranceText)"),
    Malformed("tolerance: 0x10", "x.yaml:4:12: 0x10 for tolerance; expected \(toleranceText)"),
    Malformed("tolerance:", "x.yaml:4:11: nothing for tolerance; expected \(toleranceText)"),
    Malformed(
      "budget: 200000",
      "x.yaml:5:9: 200000 for budget; expected \(budgetText); did you mean 200000 batches?"),
    Malformed(
      "budget: 10 epoch s", "x.yaml:5:9: 10 epoch s for budget; expected \(budgetText)"),
    Malformed(
      "budget: 10 epocs",
      "x.yaml:5:9: 10 epocs for budget; expected \(budgetText); did you mean 10 epochs?"),
    Malformed(
      "budget: 100 steps",
      "x.yaml:5:9: 100 steps for budget; expected \(budgetText); did you mean 100 batches?"),
    Malformed("budget: 0 batches", "x.yaml:5:9: 0 batches for budget; expected \(budgetText)"),
    Malformed("budget: []", "x.yaml:5:9: an empty list for budget; expected \(budgetText)"),
    Malformed(
      "budget: [2 epochs, 1 epoch]",
      "x.yaml:5:20: 1 epoch after 2 epochs; expected ascending milestones"),
    Malformed(
      "budget: [2 epochs, 2 epochs]",
      "x.yaml:5:20: 2 epochs after 2 epochs; expected ascending milestones"),
    Malformed(
      "budget: [100 batches, 2 epochs]",
      "x.yaml:5:23: 2 epochs after 100 batches; expected milestones in one unit"),
    Malformed(
      "channels: [8, 0, 8]",
      "x.yaml:6:15: 0 for a width of channels; expected a whole number from 1 to 1024"),
    Malformed(
      "channels: 8",
      "x.yaml:6:11: 8 for channels; expected a list of whole numbers from 1 to 1024, "
        + "such as [32, 32, 64]"),
    Malformed(
      "channels: [8, 8, 8, 8]",
      "x.yaml:6:11: [8, 8, 8, 8] for channels; expected 3 widths from 1 to 1024 for 28×28 images"),
    Malformed(
      "trainer: {batch_size: 0}",
      "x.yaml:6:23: 0 for batch_size; expected a whole number from 2 to 4096"),
    Malformed(
      "trainer: {learning_rate: fast}",
      "x.yaml:6:26: fast for learning_rate; expected a number > 0 and ≤ 1"),
    Malformed(
      "trainer: {kl_reduction: mean_open}",
      "x.yaml:6:25: mean_open for kl_reduction; expected one of mean-open, sum; "
        + "did you mean \"mean-open\"?"),
    Malformed(
      "trainer: {multiplier_minimum: 6}",
      "x.yaml:6:31: 6.0 for multiplier_minimum; expected at most multiplier_maximum, 5.0"),
    Malformed(
      "trainer: {multiplier_maximum: 1e-6}",
      "x.yaml:6:31: 1e-05 for multiplier_minimum; expected at most multiplier_maximum, 1e-06"),
    Malformed(
      "tolerance: baseline.mse",
      "x.yaml:4:12: a reference to the unknown stage \"baseline\"; "
        + "expected a number, because this sweep has no stages"),
  ]

  static let axes: [Malformed] = [
    Malformed(
      "axes: {tolerance: []}",
      "x.yaml:6:19: an empty list for the axis tolerance; expected a list of one value or more, "
        + "or a range such as {from: 3, to: 30, step: 3}"),
    Malformed(
      "axes: {dataset: mnist}",
      "x.yaml:6:17: mnist for the axis dataset; expected a list of one value or more"),
    Malformed(
      "axes: {gate_step: [1]}",
      "x.yaml:6:8: unknown axis \"gate_step\"; expected one of dataset, latents, channels, "
        + "tolerance, trace, budget, seed, " + TrainerSetting.all.map(\.key).joined(separator: ", ")
    ),
    Malformed(
      "axes: {tolerance: [1]}",
      "x.yaml:4:12: tolerance and an axis over it (at x.yaml:6:8); expected one of them"),
    Malformed(
      "axes: {batch_size: [2], trainer.batch_size: [3]}",
      "x.yaml:6:25: a second axis over batch_size (first at x.yaml:6:8); "
        + "expected one axis for each key"),
    Malformed(
      "zip: {batch_size: [2, 3], seed: [1]}",
      "x.yaml:6:6: paired lists of unequal length (2 for batch_size, 1 for seed); "
        + "expected as many values for each key"),
    Malformed(
      "zip: {seed: [1]}",
      "x.yaml:6:6: one key for zip; expected a mapping of two keys or more whose lists are "
        + "walked together"),
    Malformed(
      "axes: {seed: {from: 3, to: 1, step: 1}}",
      "x.yaml:6:14: a range from 3 to 1; expected from below to"),
    Malformed(
      "axes: {seed: {from: 1, to: 4, step: 2}}",
      "x.yaml:6:37: a step of 2 from 1; expected one that arrives at 4"),
    Malformed(
      "axes: {seed: {from: 1, to: 4}}",
      "x.yaml:6:14: a range for seed with neither \"step\" nor \"count\"; expected one of them"),
    Malformed(
      "axes: {seed: {from: 1, to: 4, stop: 2}}",
      "x.yaml:6:31: unknown key \"stop\" in a range; expected one of from, to, step, count, scale; "
        + "did you mean \"step\"?"),
    Malformed(
      "axes: {leaky_slope: {from: 0, to: 1, count: 3, scale: log}}",
      "x.yaml:6:21: a logarithmic range from 0; expected from above 0"),
    Malformed(
      "axes: {seed: {from: 0, to: 1e9, step: 1}}",
      "x.yaml:6:39: a range of 1000000000 steps; expected fewer than 1000000"),
    Malformed(
      "axes: {kl_reduction: {from: 0, to: 1, step: 1}}",
      "x.yaml:6:22: a mapping for the axis kl_reduction; expected a list of one value or more"),
    Malformed(
      "axes: {seed: {from: 1, to: 1000, step: 1}, batch_size: {from: 2, to: 1002, step: 1}}",
      "x.yaml: a grid of 1001000 trials; expected at most 1000000"),
    Malformed(
      "axes: {channels: [[8, 8, 8], [8, 8]]}",
      "x.yaml:6:30: [8, 8] for channels; expected 3 widths from 1 to 1024 for 28×28 images"),
  ]

  @Test("unknown, repeated and impossible keys", arguments: keys)
  func key(_ malformed: Malformed) {
    #expect(errors(malformed.text) == [malformed.message])
  }

  @Test("values of the wrong type, unit or range", arguments: values)
  func value(_ malformed: Malformed) {
    #expect(errors(malformed.text) == [malformed.message])
  }

  @Test("invalid axes", arguments: axes)
  func axis(_ malformed: Malformed) {
    #expect(errors(malformed.text) == [malformed.message])
  }

  @Test(
    "files that are not a mapping", arguments: ["", "# only a comment\n", "[1, 2]", "just text"])
  func noMapping(text: String) {
    let found = errors(text)
    #expect(found.count == 1)
    #expect(found.first?.contains("expected a mapping of sweep, question,") == true)
  }

  @Test(
    "text that is not YAML",
    arguments: [
      ("sweep: [1, 2\nseed: 1", "x.yaml:2:5: a YAML syntax error (while parsing a flow sequence,"),
      ("a: b: c", "x.yaml:1:5: a YAML syntax error (mapping values are not allowed"),
      ("sweep: \"open", "x.yaml:1:13: a YAML syntax error (while scanning a quoted scalar,"),
      ("sweep: *nobody", "x.yaml:1:8: a YAML syntax error (found undefined alias)"),
      ("---\na: 1\n---\nb: 2", "x.yaml:3:1: a YAML syntax error (expected a single document"),
      ("sweep: a\nsweep: b", "x.yaml:1:1: the key \"sweep\" twice in one mapping"),
      ("sweep: a\n? [1, 2]\n: 3", "x.yaml:2:3: a list as a key; expected a name"),
    ])
  func syntax(text: String, beginning: String) {
    let found = errors(text)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix(beginning) == true, "\(found)")
  }

  @Test(
    "typing errors that would silently change the grid",
    arguments: [
      (
        "axes: {tolerance: [3,5, 8,5]}",
        "x.yaml:5:19: numbers for the axis tolerance, some with a space after the comma, some "
          + "without; expected a space after every comma, or after none; did you mean a point in "
          + "place of each decimal comma?"
      ),
      (
        "axes: {tolerance: [3,5, 8,2]}",
        "x.yaml:5:19: numbers for the axis tolerance, some with a space after the comma, some "
          + "without; expected a space after every comma, or after none; did you mean a point in "
          + "place of each decimal comma?"
      ),
      (
        "axes: {tolerance: [3.5, 8,5]}",
        "x.yaml:5:19: numbers for the axis tolerance, some with a space after the comma, some "
          + "without; expected a space after every comma, or after none; did you mean a point in "
          + "place of each decimal comma?"
      ),
      (
        "axes: {tolerance: [3,5, 8.5]}",
        "x.yaml:5:19: numbers for the axis tolerance, some with a space after the comma, some "
          + "without; expected a space after every comma, or after none; did you mean a point in "
          + "place of each decimal comma?"
      ),
      (
        "axes: {tolerance: [3,5,\n  8,10]}",
        "x.yaml:5:19: numbers for the axis tolerance, some with a space after the comma, some "
          + "without; expected a space after every comma, or after none; did you mean a point in "
          + "place of each decimal comma?"
      ),
      (
        "axes: {tolerance: [3,5,8,5]}",
        "x.yaml:5:26: a value twice for tolerance (first at x.yaml:5:22); expected every value once"
      ),
      (
        "axes: {tolerance: [3, 10, 3.0]}",
        "x.yaml:5:27: a value twice for tolerance (first at x.yaml:5:20); expected every value once"
      ),
      (
        "tolerance: 3\nzip: {seed: [1, 2, 1], batch_size: [8, 8, 8]}",
        "x.yaml:6:20: a value twice for seed, batch_size (first at x.yaml:6:14); expected "
          + "every value once"
      ),
      (
        "tolerance: 3\naxes: {trainer.batch_size: {from: 2, to: 4, count: 5, scale: log}}",
        "x.yaml:6:28: a range with equal values for batch_size; expected a smaller "
          + "\"count\""
      ),
      (
        "tolerance: 3,5",
        "x.yaml:5:12: 3,5 for tolerance; expected a number from 0 to 1000000, or a reference such "
          + "as baseline.mse; did you mean 3.5?"
      ),
      (
        "tolerance: 1e-400",
        "x.yaml:5:12: 1e-400 for tolerance; expected a number from 0 to 1000000, or a reference "
          + "such as baseline.mse; did you mean 0 (the number is too small)?"
      ),
    ])
  func slips(line: String, message: String) {
    let text = "sweep: one\ndataset: mnist\nlatents: 5\nbudget: 100 batches\n" + line
    #expect(errors(text) == [message])
  }

  @Test("lists that only look like typing errors are read")
  func noSlips() throws {
    for (list, count) in [
      ("[3,5,8]", 3), ("[3, 5, 8]", 3), ("[3,5,8,\n  9,10,11]", 6), ("[3.5,8.5, 9]", 3),
      ("[0.0, 1e-300]", 2),
    ] {
      let text =
        "sweep: one\ndataset: mnist\nlatents: 5\nbudget: 100 batches\naxes: {tolerance: \(list)}"
      #expect(try plan(text).trials.count == count, "\(list)")
    }
    let sizes = oneTrial.replacing("latents: 5", with: "axes: {latents: [2,3, 4]}")
    #expect(try plan(sizes).trials.count == 3)
  }

  @Test("other YAML features are read correctly or refused by name")
  func features() throws {
    #expect(try plan("\u{feff}" + oneTrial) == plan(oneTrial))
    #expect(try plan(oneTrial.replacing("latents: 5", with: "latents: !!int 5")) == plan(oneTrial))
    #expect(try plan(oneTrial.replacing("sweep: one", with: "sweep: !!str one")) == plan(oneTrial))
    let tagged = [
      ("latents: 5", "latents: !!str 5", "x.yaml:3:10: the tag !!str"),
      ("latents: 5", "latents: !!float 5", "x.yaml:3:10: the tag !!float"),
      ("latents: 5", "latents: !five 5", "x.yaml:3:10: the tag !five"),
      ("latents: 5", "model: !!set {latents: 5}", "x.yaml:3:8: the tag !!set"),
    ]
    for (line, other, message) in tagged {
      #expect(
        errors(oneTrial.replacing(line, with: other)) == [
          "\(message); expected the value without a tag; quotes make a text of it"
        ], "\(other)")
    }
    let merged = twoStages.replacing(
      "  narrowed:\n", with: "  narrowed:\n    <<: *base\n"
    ).replacing("baseline:\n", with: "baseline: &base\n")
    #expect(merged.contains("<<"))
    #expect(
      errors(merged) == [
        "x.yaml:9:5: a merge key, <<; expected the keys themselves; an alias stands for a whole "
          + "value only"
      ])
  }

  @Test("a UTF-16 file is named as such")
  func utf16() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "wide.yaml")
    try #require(oneTrial.data(using: .utf16)).write(to: url)
    #expect(throws: SweepFileError.self) { try SweepFile.load(at: url) }
    do {
      _ = try SweepFile.load(at: url)
    } catch {
      #expect(error.description.hasSuffix(": text in UTF-16; expected text in UTF-8"))
    }
    try (Data([0xef, 0xbb, 0xbf]) + Data(oneTrial.utf8)).write(to: url)
    #expect(try SweepFile.load(at: url) == plan(oneTrial))
  }

  @Test("deep nesting and multiplying aliases are refused")
  func bombs() {
    let deep = "sweep: " + String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    #expect(errors(deep).first?.contains("more than 32 levels of nesting") == true)
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...8 {
      let alias = "*a\(level - 1)"
      bomb +=
        "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ","))]\n"
    }
    #expect(errors(bomb).first?.contains("more than 1000000 values") == true)
  }

  @Test("any text with a missing character or line is a sweep or has an error")
  func damaged() {
    let text = Array(twoStages)
    let lines = twoStages.split(separator: "\n")
    let damaged =
      text.indices.map { String(text[..<$0]) }
      + text.indices.map { String(text[..<$0] + text[($0 + 1)...]) }
      + lines.indices.map { (lines[..<$0] + lines[($0 + 1)...]).joined(separator: "\n") }
    for text in damaged {
      for message in errors(text) {
        #expect(message.hasPrefix("x.yaml:") && message.contains("; expected "), "\(message)")
      }
    }
  }

  @Test("all errors of a file at once, from top to bottom")
  func several() {
    let text = """
      sweep: one
      dataset: mnst
      latents: 0
      budget: [2 epochs, 1 epoch]
      colour: red
      """
    #expect(
      errors(text).map { $0.prefix { $0 != ";" } } == [
        "x.yaml: no tolerance", "x.yaml:2:10: mnst for dataset", "x.yaml:3:10: 0 for latents",
        "x.yaml:4:20: 1 epoch after 2 epochs", "x.yaml:5:1: unknown key \"colour\"",
      ])
  }

  @Test("at most 20 errors, and how many more there are")
  func bounded() {
    let unknown = (10..<40).map { "unknown\($0): 1" }.joined(separator: "\n")
    let found = errors(oneTrial + "\n" + unknown)
    #expect(found.count == 21)
    #expect(found.last == "… and 10 more")
  }

  @Test("a stage names what it lacks; a sweep without stages too")
  func missing() {
    #expect(
      errors("sweep: one\ndataset: mnist\nlatents: 3\nbudget: 1 epoch") == [
        "x.yaml: no tolerance; expected a key \"tolerance\" or an axis over it"
      ])
    #expect(
      errors(twoStages.replacing("    tolerance: 0\n", with: "")).first
        == "x.yaml:4:3: no tolerance for stage \"baseline\"; expected a key \"tolerance\" in the "
        + "stage or at the top level, or an axis over it")
    #expect(
      errors(oneTrial.replacing("sweep: one\n", with: ""))
        == ["x.yaml: no name of the sweep; expected a key \"sweep\""])
  }
}
