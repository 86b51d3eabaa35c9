import Digests
import Doctor
import Foundation
import Reports
import TestSupport
import Testing
import Trials

@testable import CoordinatorService

/// Compares the page `Text/JSON.md` with the answers to `--json`.
@Suite("Answers in JSON")
struct AnswerSchemaTests {
  /// A key of the page.
  private struct Key: Equatable {
    var type: String
    var isOptional: Bool
  }

  /// The keys that the page lists for a command, by their paths.
  private func documented(_ command: String) throws -> [String: Key] {
    let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/CoordinatorService/Text/JSON.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let section = try #require(text.components(separatedBy: "\n## coordinator \(command)\n").last)
    var keys: [String: Key] = [:]
    for line in section.components(separatedBy: "\n## ")[0].split(separator: "\n")
    where line.hasPrefix("| `") {
      let cells = line.split(separator: "|", maxSplits: 2).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      let path = String(cells[0].split(separator: "`")[0])
      #expect(keys[path] == nil, "\(path) stands twice")
      keys[path] = Key(type: cells[1], isOptional: cells[0].hasSuffix("?"))
    }
    return keys
  }

  /// The paths of an answer with the types of their values; objects of the page are not entered.
  private func found(
    in value: Any, at path: String = "", keys: [String: Key]
  ) throws -> [String: String] {
    func entries(_ value: Any, _ path: String) throws -> [String: String] {
      try found(in: value, at: path, keys: keys)
    }
    if keys[path]?.type == "object" { return [path: value is [String: Any] ? "object" : "other"] }
    switch value {
    case let object as [String: Any]:
      return try object.reduce(into: [:]) { found, entry in
        found.merge(try entries(entry.value, path.isEmpty ? entry.key : "\(path).\(entry.key)")) {
          $1
        }
      }
    case let list as [Any]:
      return try list.reduce(into: [:]) { found, item in
        found.merge(try entries(item, "\(path)[]")) { $1 }
      }
    case let text as String:
      let isTime = (try? Date(text, strategy: .iso8601)) != nil
      return [path: isTime ? "time" : "text"]
    case let number as NSNumber:
      return [path: isBoolean(number) ? "boolean" : "number"]
    default: return [path: "other"]
    }
  }

  private func isBoolean(_ number: NSNumber) -> Bool {
    String(cString: number.objCType) == "c" || String(cString: number.objCType) == "B"
  }

  /// Compares a full and a minimal answer with the page.
  private func compare(_ command: String, full: String, bare: String? = nil) throws {
    let keys = try documented(command)
    #expect(!keys.isEmpty)
    func paths(_ json: String) throws -> [String: String] {
      try found(in: JSONSerialization.jsonObject(with: Data(json.utf8)), keys: keys)
    }
    let all = try paths(full)
    for (path, type) in all.sorted(by: { $0.key < $1.key }) {
      #expect(keys[path]?.type == type, "\(command): \(path) is a \(type)")
    }
    #expect(Set(keys.keys).subtracting(all.keys) == [], "of the page, not in the answer")
    guard let bare else { return }
    let few = try paths(bare)
    let required = keys.filter { path, key in
      // Skip items of empty lists and absent objects.
      let parent = path.range(of: ".", options: .backwards).map { String(path[..<$0.lowerBound]) }
      let isThere =
        parent.map { parent in few.keys.contains { $0.hasPrefix(parent + ".") } } ?? true
      return !key.isOptional && isThere && !path.hasSuffix("[]")
    }
    #expect(Set(required.keys).subtracting(few.keys) == [], "missing from the bare answer")
    let optional = Set(keys.filter(\.value.isOptional).keys)
    #expect(optional.intersection(few.keys) == [], "in the bare answer")
  }

  /// Fails for a nil value, so that a full sample covers every key.
  private func expectFull(_ value: Any, _ path: String) {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional, mirror.children.isEmpty {
      Issue.record("\(path) is nil in the sample")
    }
    if mirror.displayStyle == .collection, mirror.children.isEmpty {
      Issue.record("\(path) is empty in the sample")
    }
    guard !(value is Date) else { return }
    for child in mirror.children { expectFull(child.value, "\(path).\(child.label ?? "")") }
  }

  private static let running = SweepStatus.Running(
    trial: "t0123456789abcdef", name: "τ = 8", stage: "main", attempt: 1, worker: "w", host: "h",
    isClaimed: true, step: 3, totalSteps: 9, mse: 1.5, gatesOpen: 7, stepsPerSecond: 2.5,
    threads: 2, remainingSeconds: 4, hasCheckpoint: true)

  @Test("status has the keys of the page, all of them")
  func status() throws {
    var status = SweepStatus(sweep: "s", question: "q", isRunning: true)
    let bare = AdministrationReply(status: status).json
    status.endpoint = "tcp://127.0.0.1:5750"
    status.stages = [.init(name: "main", paused: "why")]
    status.running = [Self.running]
    status.workers = [
      .init(
        worker: "w", host: "h", slots: 1, running: 1, threads: 2, state: "connected",
        stepsPerSecond: 2.5,
        relativeSpeed: 1.5, obstacle: "full")
    ]
    status.hosts = [
      .init(
        host: "h", workers: 1, slots: 1, running: 1, threads: 2, stepsPerSecond: 2.5, drained: "why"
      )
    ]
    status.failures = [.init(cause: "crashed", trials: 1, example: "t0", message: "m")]
    status.losses = ["blobs"]
    status.origins = [.init(build: "b", instructionSet: "avx2", trials: 1)]
    status.forecast = .init(
      earliestSeconds: 1, latestSeconds: 3, expectedSeconds: 2, isUpperBound: true)
    #expect(status.forecast?.words == "done in 1 s to 3 s, or before")
    status.commits = .init(count: 2, seconds: 0.5, longestSeconds: 0.25, p99Seconds: 0.125)
    status.obstacle = "full"
    status.salvage = "salvaged"
    expectFull(status, "status")
    try compare("status", full: AdministrationReply(status: status).json, bare: bare)
  }

  @Test("explain has the keys of the page, with times in ISO 8601 and numbers that are numbers")
  func explain() throws {
    var report = TrialReport(
      trial: "t0123456789abcdef", stage: "main", replicate: 0, dataset: "mnist",
      milestones: [.init(.epochs(2))], status: "failed", reason: "why", chargedFailures: 3,
      attemptLimit: 3, childCount: 0)
    let bare = AdministrationReply(trial: report).json
    report.latents = 5
    report.latentsFrom = "2 * t0123456789abcdef.latents"
    report.tolerance = 2.5
    report.trace = [2.5, 4]
    report.toleranceFrom = "t0123456789abcdef.mse"
    report.remedy = "retry"
    report.running = [Self.running]
    let begun = Date(timeIntervalSince1970: 1_767_323_045)
    report.attempts = [
      .init(
        attempt: 1, worker: "w", begun: begun, ended: begun + 60, outcome: "crashed", words: "m")
    ]
    report.checkpoints = [.init(step: 3, byteCount: 10, instructionSet: "avx2")]
    report.parents = [.init(trial: "t0123456789abcdef", status: "complete")]
    report.logs = "coordinator logs"
    report.quietWindow = 20_000
    report.result = .sample
    #expect(report.text.contains("earlier once it is quiet (window of 20000 batches)"))
    #expect(
      report.text.contains(
        "oscillating at step 9, within 2 epochs: 4 of 5 gates open"))
    #expect(
      report.text.contains(
        "oscillating since step 3; open gates: 0, 1, 2, 4; opening and closing: 4"))
    expectFull(report, "trial")
    let reply = AdministrationReply(trial: report)
    try compare("explain", full: reply.json, bare: bare)
    #expect(reply.json.contains("\"begun\" : \"2026-01-02T03:04:05Z\""))
    #expect(reply.json.contains("\"tolerance\" : 2.5"))
    #expect(reply.json.contains("\"evaluation_mse\" : 4.5"))
    // The control socket carries the same.
    #expect(try AdministrationReply(line: reply.line) == reply)
  }

  @Test("simulate and plan have the keys of the page")
  func sweep() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "s.yaml")
    try Data(
      """
      sweep: two
      question: How many?
      dataset: sprites28
      outputs: [figure3]
      stages:
        baseline: {latents: 3, tolerance: 0, budget: 10 batches}
        narrowed: {latents: 2 * baseline.latents, tolerance: baseline.mse, budget: {until: quiet, within: 10 batches}}
      """.utf8
    ).write(to: file)
    let request = SweepRequest(
      file: file, overrides: [], budgetScale: 1, dataFolder: folder.url)
    var divided = SweepSimulation.Options()
    divided.cores = 2
    try compare(
      "simulate", full: try SweepSimulation(request, divided).json,
      bare: try SweepSimulation(request, .init()).json)
    try compare("plan", full: try PlanReport.text(request, asJSON: true))
  }

  @Test("compare has the keys of the page")
  func comparison() throws {
    let (first, second) = (Self.results(latents: [8]), Self.results(latents: [8, 10], gates: 2))
    try compare(
      "compare", full: AnswerJSON.text(FrontComparison(first, second)),
      bare: AnswerJSON.text(FrontComparison(first, SweepResults(plan: second.plan, trials: []))))
  }

  /// Complete narrowing trials, one for each n.
  private static func results(latents: [Int], gates: Int = 3) -> SweepResults {
    let trials = latents.map { latents in
      let configuration = TrialConfiguration(
        dataset: .mnist, model: ModelSettings(channels: [4, 4, 8], latents: .value(latents)),
        tolerance: .value(14.5), milestones: [.batches(20)], seed: 1)
      var trial = RecordedTrial(
        planned: PlannedTrial(stage: "main", replicate: 0, configuration: configuration),
        status: .complete, attempts: 1, result: nil, failure: nil, worker: nil)
      trial.result = TrialResult(
        milestones: [
          MilestoneReport(
            budget: .batches(20), tolerance: 14.5, step: 20, ending: .budget, stateDigest: nil,
            gatesOpen: gates, mse: 14, evaluationMSE: 14, firstHitStep: 15, multiplier: 0.3,
            openProbabilities: (0..<latents).map { $0 < gates ? 0.9 : 0.1 })
        ], artifacts: [],
        provenance: TrialProvenance(
          configuration: configuration, images: Digest.of("images"), host: "h", processor: "p",
          instructionSet: "avx2", versions: [:], started: "2026-01-02T03:04:05Z", seconds: 1,
          processorSeconds: 1, steps: 20, secondPassShare: 0, peakResidentBytes: 1))
      return trial
    }
    return SweepResults(
      plan: SweepPlan(name: "s", question: "q", outputs: [], trials: trials.map(\.planned)),
      trials: trials)
  }

  @Test("check has the keys of the page")
  func check() throws {
    try compare("check", full: SweepCheck.sample.json)
  }

  @Test("a salvage, changes, workers and a checkup have the keys of the page")
  func others() throws {
    try compare("check --salvage", full: SweepSalvage.sample.json)
    try compare("cancel", full: AdministrationReply(changes: ["done"]).json)
    var checkup = Checkup()
    checkup.ok("port", "free")
    let bare = checkup.json
    checkup.fault("keys", "none", remedy: "make them")
    try compare("doctor", full: checkup.json, bare: bare)
    let keys = try TemporaryFolder().url.appending(path: "keys")
    func admit(_ digits: String, as name: String, isShared: Bool) throws {
      _ = try AccessCommands.admit(
        String(repeating: digits, count: 32), as: name, isShared: isShared, evenIfRevoked: false,
        in: keys)
    }
    try admit("a1", as: "own", isShared: false)
    let own = try AccessCommands.list(in: keys, asJSON: true)
    try admit("b2", as: "shared", isShared: true)
    _ = try AccessCommands.revoke("shared", in: keys)
    try compare("workers", full: try AccessCommands.list(in: keys, asJSON: true), bare: own)
  }

  @Test("every answer begins with one version")
  func version() {
    #expect(AdministrationReply(changes: ["done"]).json.contains("\"version\" : 2"))
    #expect(SweepCheck.sample.json.contains("\"version\" : 2"))
  }
}

extension TrialReport.Result {
  /// A result with every key.
  fileprivate static var sample: Self {
    Self(
      milestones: [
        .init(
          count: 2, unit: "epochs", step: 9, tolerance: 3, toleranceMet: true, gatesOpen: 4,
          mse: 3.25, evaluationMse: 4.5, firstHitStep: 7, ending: "oscillating")
      ],
      end: .init(
        ending: "oscillating", step: 9, openGates: [0, 1, 2, 4], sinceStep: 3,
        alternatingGates: [4]),
      latents: 5, host: "h", processor: "p", build: "b", instructionSet: "avx2", seconds: 90,
      steps: 10)
  }
}

extension SweepCheck {
  /// One finding and one note.
  fileprivate static var sample: SweepCheck {
    let json = """
      {"findings": [{"kind": "stale", "place": "p", "found": "f", "remedy": "r"}], "notes": ["n"],
      "recordCount": 1, "resultCount": 1, "loggedResultCount": 1, "blobCount": 1, "outputCount": 1}
      """
    do {
      return try JSONDecoder().decode(SweepCheck.self, from: Data(json.utf8))
    } catch {
      preconditionFailure("the sample has every key: \(error)")
    }
  }
}

extension SweepSalvage {
  /// A salvage with every key.
  fileprivate static var sample: SweepSalvage {
    let json = """
      {"sweep": "s", "origin": "a", "target": "b", "isPlannedFromFile": false, "trialCount": 3,
      "keptCount": 1, "lost": [{"trial": "t0", "stage": "main", "reason": "r"}],
      "untraced": ["t1"], "damage": ["d"], "isDatabaseSound": true, "unplannedCount": 0,
      "blobCount": 1, "lostFiles": [{"trial": "t0", "file": "model", "found": "f"}],
      "notes": ["n"]}
      """
    do {
      return try JSONDecoder().decode(SweepSalvage.self, from: Data(json.utf8))
    } catch {
      preconditionFailure("the sample has every key: \(error)")
    }
  }
}
