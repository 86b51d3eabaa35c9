import Trials

/// The facts about the whole sweep in JSON reports.
struct ReportHead: Encodable {
  /// Whether every trial has ended, so that the report will not change.
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
