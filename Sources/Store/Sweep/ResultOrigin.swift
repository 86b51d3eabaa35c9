import Foundation
import GRDB
import Trials

/// What computed some results: a build of the worker on an instruction set.
///
/// Equal trials have equal bits where both are the same.
package struct ResultOrigin: Hashable, Sendable {
  /// The worker's version and build; of a worker that is not ours, all the versions that it told.
  package var build: String
  /// The widest vector instructions that it used.
  package var instructionSet: String
  /// How many planned trials have their result from there.
  package var trialCount: Int

  /// An origin of the given facts.
  package init(build: String, instructionSet: String, trialCount: Int) {
    self.build = build
    self.instructionSet = instructionSet
    self.trialCount = trialCount
  }
}

extension SweepReader {
  /// What computed the results of the planned trials, most trials first.
  ///
  /// A trial that went on from another worker's checkpoint counts for the worker that ended it.
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
  /// What computed: this product's version and build; of a worker that is not ours, all versions.
  package var build: String {
    versions[Self.program]
      ?? versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: "; ")
  }
}
