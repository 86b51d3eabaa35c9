extension TrialConfiguration {
  /// Whether a trial with this configuration can go on from the end of a shorter one.
  ///
  /// They differ in their milestones only, in one unit, and every milestone of this one up to the
  /// shorter one's end is one of the shorter one's, so that its report is there. Where they may end
  /// before their last milestone, the milestones before the shorter one's end are the same: at them
  /// a trial does not end.
  package func canExtend(_ shorter: TrialConfiguration) -> Bool {
    guard let end = shorter.milestones.last, let last = milestones.last,
      end.with(count: last.count) == last, end.count < last.count,
      milestones.allSatisfy({ $0.count > end.count || shorter.milestones.contains($0) })
    else { return false }
    if quiet != nil {
      guard shorter.milestones.dropLast() == milestones.prefix(while: { $0.count < end.count })
      else { return false }
    }
    var alike = shorter
    alike.milestones = milestones
    return alike == self
  }
}
