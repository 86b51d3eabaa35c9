import Coordination
import Trials

/// All that is known of a sweep, brought up to date by what its record has had since the last look.
package struct ResultsTail: Sendable {
  private var tail: RecordTail
  private var fold = ResultsFold(plan: SweepPlan(name: "", question: "", outputs: [], trials: []))

  /// Before the first record.
  package init(_ reader: SweepReader) { tail = RecordTail(reader) }

  /// All that is known of the sweep as of the last look.
  package var results: SweepResults { fold.results }

  /// Takes in everything new.
  ///
  /// - Returns: The places in the plan of the trials that may have changed; nil for all, as in
  ///   another plan.
  /// - Throws: ``StoreError`` when the record cannot be read or contradicts its checksums; the next
  ///   look then begins anew.
  package mutating func look() throws(StoreError) -> Set<Int>? {
    var changed: Set<Int>? = []
    while true {
      let news = try tail.look()
      if let plan = news.plan {
        fold = ResultsFold(plan: plan)
        changed = nil
      }
      for stamped in news.records {
        fold.note(stamped.record)
        if let place = stamped.record.trial.flatMap({ fold.place(of: $0) }) {
          changed?.insert(place)
        }
      }
      if !news.hasMore { return changed }
    }
  }
}
