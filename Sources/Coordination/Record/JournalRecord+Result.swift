import Trials

extension JournalRecord {
  /// The result that the record brings; nil for records of other kinds.
  package var result: ReceivedResult? {
    switch self {
    case .resultRecorded(_, _, _, let result, _), .resultReused(_, _, let result): result
    default: nil
    }
  }
}
