import Store

extension SweepStatus.Origin {
  /// An origin from the record.
  init(_ origin: ResultOrigin) {
    self.init(
      build: origin.build, instructionSet: origin.instructionSet, trials: origin.trialCount)
  }
}

extension [SweepStatus.Origin] {
  /// A line about different builds or instruction sets, which may give different last digits; nil
  /// if all results have one origin.
  ///
  /// `2 builds of the worker took part, which may differ in last digits: 0.1.0+debd4d7ba19d on
  /// avx512 (5 trials), 0.1.0+0b86ad62c66e on avx512 (1 trial)`
  var mixture: String? {
    guard count > 1 else { return nil }
    let builds = Set(map(\.build)).count
    let sets = Set(map(\.instructionSet)).count
    let parts = [
      builds > 1 ? "\(builds) builds of the worker" : nil,
      sets > 1 ? "\(sets) instruction sets" : nil,
    ]
    let each = map {
      "\($0.build) on \($0.instructionSet) (\($0.trials == 1 ? "1 trial" : "\($0.trials) trials"))"
    }
    return parts.compactMap(\.self).joined(separator: " and ")
      + " took part, which may differ in last digits: " + each.joined(separator: ", ")
  }
}
