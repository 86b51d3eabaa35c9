import Foundation
import GRDB
import Trials

/// The worker build and instruction set that computed some results.
///
/// With both equal, equal trials have equal bits.
package struct ResultOrigin: Hashable, Sendable {
  /// The worker's version and build; for foreign workers, all versions that it reported.
  package var build: String
  /// The widest vector instructions that it used.
  package var instructionSet: String
  /// How many planned trials have such a result.
  package var trialCount: Int

  /// An origin of the given facts.
  package init(build: String, instructionSet: String, trialCount: Int) {
    self.build = build
    self.instructionSet = instructionSet
    self.trialCount = trialCount
  }
}

extension SweepReader {
  /// The origins of the planned trials' results, most trials first.
  ///
  /// A trial counts for the worker that finished it, even if it resumed from another worker's
  /// checkpoint.
  package func origins() throws(StoreError) -> [ResultOrigin] {
    try read { database in
      var counts: [ResultOrigin: Int] = [:]
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT build, instruction_set, COUNT(*) FROM result
          JOIN trial ON trial.number = result.trial
          WHERE trial.position IS NOT NULL AND discarded IS NULL
          GROUP BY build, instruction_set
          """)
      while let row = try rows.next() {
        let origin = ResultOrigin(
          build: try row.value(0), instructionSet: try row.value(1), trialCount: 0)
        counts[origin, default: 0] += try row.value(2)
      }
      return counts.map { origin, count in
        ResultOrigin(
          build: origin.build, instructionSet: origin.instructionSet, trialCount: count)
      }
      .sorted {
        ($1.trialCount, $0.build, $0.instructionSet) < ($0.trialCount, $1.build, $1.instructionSet)
      }
    }
  }

}

extension TrialProvenance {
  /// This product's version and build; for foreign workers, all versions.
  package var build: String {
    versions[Self.program]
      ?? versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: "; ")
  }
}
