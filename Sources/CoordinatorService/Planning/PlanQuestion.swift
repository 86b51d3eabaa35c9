import Store

/// Asks whether a changed sweep file may replace the stored plan.
enum PlanQuestion {
  /// Shows the changes and asks; without a terminal the answer is no.
  static func isAgreed(_ change: PlanChange, sweep: String) -> Bool {
    let text = """
      The sweep \(sweep) in --out was planned differently. With this sweep file
        \(change.keptCount) trials are kept, with their results,
        \(change.added.count) are new,
        \(change.orphaned.count) are no longer planned: what is known of them stays in the record, \
      and comes back when they are planned again.

      """
    return Question.isAgreed(text)
  }
}
