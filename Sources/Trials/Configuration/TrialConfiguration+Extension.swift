extension TrialConfiguration {
  /// Whether a trial with this configuration can resume from the end of a shorter one.
  ///
  /// The two differ only in their milestones, which have the same unit, and in whether they record
  /// their latent traversals. A run that records them can also go on from the end of an equally long
  /// one that did not, and then takes no step. Each milestone of this one
  /// up to the shorter one's end is also one of the shorter one's, so its report exists. With a
  /// quiet rule, the milestones before the shorter one's end are equal, because the rule does not
  /// end a trial at a milestone. A traced trial extends no other, and no other extends it: its
  /// milestones say how long each rung may train.
  package func canExtend(_ shorter: TrialConfiguration) -> Bool {
    guard let end = shorter.milestones.last, let last = milestones.last,
      end.with(count: last.count) == last, trace == nil,
      end.count < last.count || (end == last && recordsMore(than: shorter)),
      milestones.allSatisfy({ $0.count > end.count || shorter.milestones.contains($0) })
    else { return false }
    if quiet != nil {
      guard shorter.milestones.dropLast() == milestones.prefix(while: { $0.count < end.count })
      else { return false }
    }
    var alike = shorter
    alike.milestones = milestones
    if alike.trainer.latentTraversals != trainer.latentTraversals {
      alike.trainer.latentTraversals = trainer.latentTraversals
    }
    return alike == self
  }

  private func recordsMore(than other: TrialConfiguration) -> Bool {
    trainer.latentTraversals == .recorded && other.trainer.latentTraversals == .omitted
  }
}
