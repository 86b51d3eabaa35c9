import Store

/// Asks whether an edited sweep may take the place of the stored one.
enum PlanQuestion {
  /// Says what would change and asks; without a terminal nobody agrees.
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
