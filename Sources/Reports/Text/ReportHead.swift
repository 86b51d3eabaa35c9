import Trials

/// What the JSON reports say of the sweep as a whole.
struct ReportHead: Encodable {
  /// Whether every trial has ended, so that nothing can change any more.
  let complete: Bool
  /// The sweep's name.
  let name: String
  /// The question it answers.
  let question: String

  /// The head of a sweep's reports.
  init(of results: SweepResults) {
    complete = results.isComplete
    name = results.plan.name
    question = results.plan.question
  }
}
