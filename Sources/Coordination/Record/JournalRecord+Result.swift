import Trials

extension JournalRecord {
  /// The result in the record; nil for other kinds of records.
  package var result: ReceivedResult? {
    switch self {
    case .resultRecorded(_, _, _, let result, _), .resultReused(_, _, let result): result
    default: nil
    }
  }
}
