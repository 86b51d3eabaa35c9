/// Ends a trial before its last milestone when its open gates and its error no longer change.
///
/// The rule is checked at the end of every epoch, except at a milestone before the last. It depends
/// only on the steps taken:
///
/// | Ending | When |
/// | --- | --- |
/// | `quiet` | for a long time the set of open gates has not changed and no gate was undecided, 0.1 < σ(kγ) < 0.9; the tolerance is held |
/// | `oscillating` | over two long times in a row at most two gates did so, each time they changed twice at least, and the mean count of open gates was the same within ¼; the tolerance is held |
/// | `unreachable` | for a long time λ′ was at its maximum, and C_ma, above 0.02·τ, fell by less than 2 % |
///
/// The tolerance is held when a batch has met it, |C_ma| was at most 0.02·τ on average over the
/// last epoch, and λ′ was at no clamp in it. A long time is at least ``window``, and at least half
/// of the steps since the trial began; of the two times in a row, each is at least a quarter of
/// them. For `quiet` only steps after the first hit count, as no gate moves before it.
///
/// In a traced trial the rule ends the rung (``ToleranceLadder``), and all steps are counted from the
/// rung's beginning. In a later rung no long time begins before the steps of
/// ``TrainerSettings/dwell``, in which C_ma and Adam's moments still remember the former tolerance.
///
/// The rule does not apply to a baseline (τ = 0), which trains to its last milestone.
///
/// Measured: of 12 recorded baselines on MNIST, 200,000 steps with n = 5, 10 and 30, replayed with
/// 15 tolerances from 0.05 to 1.05 of their last errors, 21 of the 180 would have ended as
/// `unreachable`, all with a tolerance of at most 0.3 of it; none of these was met later. How often
/// a `quiet` run changes afterwards is not measured yet at that length; `benchmarks quiet` measures
/// it for any sweep.
///
/// Quiet does not mean converged: gates have closed after 15,000 steps without a change.
package struct QuietRule: Hashable, Sendable {
  /// The least number of batches of a long time.
  package var window: Int

  /// A rule with a window in batches.
  package init(window: Int = Self.standardWindow) { self.window = window }

  /// The window if a sweep file gives none.
  package static let standardWindow = 20_000
  /// The rule for people: `quiet within 2000 epochs`, with the window if it is not the standard.
  package func text(within last: Budget) -> String {
    "quiet within \(last)"
      + (window == Self.standardWindow ? "" : " by windows of \(Budget.batches(window))")
  }

  /// The allowed windows.
  package static let windowRange = 1...Budget.maximumCount
}

/// JSON form: `{"window": 20000}`.
extension QuietRule: Codable {
  private static let key = TextKey(stringValue: "window")

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: TextKey.self)
    try container.refuseKeys(outside: [Self.key.stringValue])
    let window = try container.decode(Int.self, forKey: Self.key)
    guard Self.windowRange.contains(window) else {
      throw DecodingError.dataCorruptedError(
        forKey: Self.key, in: container,
        debugDescription: "window must be \(Self.windowRange.lowerBound) to "
          + "\(Self.windowRange.upperBound) batches, found \(window)")
    }
    self.init(window: window)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: TextKey.self)
    try container.encode(window, forKey: Self.key)
  }
}
