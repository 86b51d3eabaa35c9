import Trials

/// Bytes of a log of results that prove to be no entry.
struct ResultLogDamage: Hashable, Sendable {
  /// Where they are in the file.
  let range: Range<Int>
  /// Whether they are the file's last: a group that the power cut short leaves such an end, too.
  let reachesEnd: Bool
  /// The trial of the first entry that was there; nil when its frame or the trial's name is lost.
  ///
  /// It is not proved, only for people.
  let trial: TrialID?
}

extension ResultLogDamage: CustomStringConvertible {
  var description: String {
    "bytes \(range.lowerBound) to \(range.upperBound - 1) prove to be no entry"
      + (trial.map { "; there was something about trial \($0)" } ?? "")
      + (reachesEnd ? "; they are the file's last" : "")
  }
}
