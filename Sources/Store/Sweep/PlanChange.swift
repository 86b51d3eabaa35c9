import Trials

/// How a plan differs from the stored one.
package struct PlanChange: Hashable, Sendable {
  /// How many trials are in both plans; their results stay.
  package var keptCount: Int
  /// Trials that the store did not have, in the plan's order.
  package var added: [TrialID]
  /// Trials that are no longer planned, in the stored plan's order.
  ///
  /// The store keeps their records and uses them again if a later plan has the trials.
  package var orphaned: [TrialID]

  /// A difference of the given parts.
  package init(keptCount: Int, added: [TrialID], orphaned: [TrialID]) {
    self.keptCount = keptCount
    self.added = added
    self.orphaned = orphaned
  }

  /// Whether both plans have the same trials.
  package var isEmpty: Bool { added.isEmpty && orphaned.isEmpty }
}

extension PlanChange: CustomStringConvertible {
  package var description: String {
    "\(keptCount) trials kept, \(added.count) new, \(orphaned.count) no longer planned"
  }
}
