import Trials

/// Bytes of a result log that are not a valid entry.
struct ResultLogDamage: Hashable, Sendable {
  /// Their range in the file.
  let range: Range<Int>
  /// Whether they are at the end of the file; a power failure during a write also leaves such an
  /// end.
  let reachesEnd: Bool
  /// The trial of the first damaged entry; nil if its frame or the trial's name is lost.
  ///
  /// It is unverified and for display only.
  let trial: TrialID?
}

extension ResultLogDamage: CustomStringConvertible {
  var description: String {
    "bytes \(range.lowerBound) to \(range.upperBound - 1) prove to be no entry"
      + (trial.map { "; there was something about trial \($0)" } ?? "")
      + (reachesEnd ? "; they are the file's last" : "")
  }
}
