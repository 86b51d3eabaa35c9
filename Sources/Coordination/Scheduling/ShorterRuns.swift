import Trials

/// Which trials of a plan resume from which shorter ones.
struct ShorterRuns: Sendable {
  /// For each longer run the longest shorter one, by number.
  private(set) var shorter: [Int: Int] = [:]
  /// For each shorter run the longer ones, by number.
  private(set) var longer: [Int: [Int]] = [:]

  /// Finds them in a plan.
  ///
  /// Only trials of one seed are compared, since the seed is derived from the whole configuration
  /// except its milestones.
  init(_ trials: [PlannedTrial]) {
    var firsts: [UInt64: Int] = Dictionary(minimumCapacity: trials.count)
    var several: [UInt64: [Int]] = [:]
    for (number, trial) in trials.enumerated() {
      let seed = trial.configuration.seed
      if let first = firsts[seed] {
        several[seed, default: [first]].append(number)
      } else {
        firsts[seed] = number
      }
    }
    for group in several.values {
      let ordered = group.sorted { Self.length(of: trials[$0]) < Self.length(of: trials[$1]) }
      for (place, number) in ordered.enumerated() {
        let configuration = trials[number].configuration
        guard
          let base = ordered[..<place].last(where: {
            configuration.canExtend(trials[$0].configuration)
          })
        else { continue }
        shorter[number] = base
        longer[base, default: []].append(number)
      }
    }
  }

  private static func length(of trial: PlannedTrial) -> Int {
    trial.configuration.milestones.last?.count ?? 0
  }
}
