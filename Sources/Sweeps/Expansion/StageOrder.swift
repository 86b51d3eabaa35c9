import Trials

/// Checks the references between stages, and sorts stages behind those that they refer to.
struct StageOrder {
  private let declaration: SweepDeclaration
  private let names: [String]

  init(_ declaration: SweepDeclaration) {
    self.declaration = declaration
    self.names = declaration.stages.map(\.name)
  }

  /// The indices of the stages, parents before children, else in the order of the file; empty if a
  /// reference is invalid, which is reported.
  func sorted(log: inout DiagnosticLog) -> [Int] {
    var parents: [[(stage: Int, place: SourcePlace)]] = []
    for index in declaration.stages.indices {
      parents.append(
        references(of: index).compactMap { key, reference, place in
          check(reference, for: key, in: index, at: place, log: &log).map { ($0, place) }
        })
    }
    var order: [Int] = []
    while order.count < parents.count {
      let ready = parents.indices.first { stage in
        !order.contains(stage) && parents[stage].allSatisfy { order.contains($0.stage) }
      }
      guard let ready else {
        reportCycle(among: parents, placed: order, log: &log)
        return []
      }
      order.append(ready)
    }
    return order
  }

  /// Every reference of a stage's trials; the stage's values override those of the top level.
  private func references(
    of index: Int
  ) -> [(key: TrialKey, reference: StageReference, place: SourcePlace)] {
    let own = declaration.stages[index].scope
    return [TrialKey.tolerance, .latents].flatMap { key in
      (own.values(of: key) ?? declaration.shared.values(of: key) ?? []).compactMap { value in
        value.value.reference.map { (key, $0, value.place) }
      }
    }
  }

  /// The stage that a reference names; nil if the reference is invalid, which is reported.
  private func check(
    _ reference: StageReference, for key: TrialKey, in index: Int, at place: SourcePlace,
    log: inout DiagnosticLog
  ) -> Int? {
    guard let parent = names.firstIndex(of: reference.stage) else {
      log.report(
        "a reference to the unknown stage \"\(reference.stage)\"", at: place,
        expected: names == [SweepDeclaration.onlyStageName]
          ? "a number, because this sweep has no stages"
          : "one of the stages " + names.joined(separator: ", "),
        suggestion: NearestName.suggestion(for: reference.stage, among: names))
      return nil
    }
    guard parent != index else {
      log.report(
        "a reference of stage \"\(reference.stage)\" to itself", at: place,
        expected: "a reference to another stage")
      return nil
    }
    let fitting = StageOutput.fitting(key)
    guard let output = StageOutput(rawValue: reference.output), fitting.contains(output) else {
      let paths = fitting.map { "\(reference.stage).\($0.rawValue)" }
      let unit = key == .latents ? "a count" : "a squared error per image"
      log.report(
        "\(reference.stage).\(reference.output) for \(key.name)", at: place,
        expected: "\(unit): one of \(paths.joined(separator: ", "))",
        suggestion: NearestName.suggestion(
          for: "\(reference.stage).\(reference.output)", among: paths))
      return nil
    }
    let own = declaration.stages[parent].scope.axes.flatMap(\.keys).map(\.name)
    guard own.isEmpty else {
      log.report(
        "an ambiguous reference to stage \"\(reference.stage)\", which has its own axis"
          + " (\(own.joined(separator: ", ")))",
        at: place, expected: "a stage that varies only along the axes that all stages share")
      return nil
    }
    return parent
  }

  /// Reports one cycle among the stages that could not be sorted.
  private func reportCycle(
    among parents: [[(stage: Int, place: SourcePlace)]], placed: [Int], log: inout DiagnosticLog
  ) {
    // Each remaining stage refers to another remaining one; following the references finds a cycle.
    guard var stage = parents.indices.first(where: { !placed.contains($0) }) else { return }
    var path: [(stage: Int, place: SourcePlace)] = []
    while !path.contains(where: { $0.stage == stage }) {
      guard let next = parents[stage].first(where: { !placed.contains($0.stage) }) else { return }
      path.append((stage, next.place))
      stage = next.stage
    }
    let cycle = Array(path.drop { $0.stage != stage })
    // The report starts with the stage that the file names first.
    guard let top = cycle.indices.min(by: { cycle[$0].stage < cycle[$1].stage }) else { return }
    let round = (cycle[top...] + cycle[..<top] + [cycle[top]]).map { names[$0.stage] }
    log.report(
      "a cycle of references (\(round.joined(separator: " → ")))", at: cycle[top].place,
      expected: "stages that wait for no one who waits for them")
  }
}
