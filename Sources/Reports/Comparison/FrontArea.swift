import Trials

/// The area under the front of a series: how many gates it keeps open, over a range of tolerances.
///
/// Less is better. Each replicate has a staircase (``FrontStaircase``) of its points that kept their
/// tolerance: horizontally τ, the summed squared error per image, on a linear axis; vertically the
/// open gates; a point's gates apply from its own tolerance to that of the next point with fewer.
/// The area is the integral from the tightest to the loosest tolerance that every replicate has
/// kept, so that all have the same limits; nothing beyond these points is assumed. Its unit is
/// gates × τ.
struct FrontArea: Encodable, Hashable, Sendable {
  /// The data set's name.
  let dataset: String
  /// The series, as in the points of Figure 3.
  let series: String
  /// The limits.
  let fromTolerance: Double
  let toTolerance: Double
  /// The area, over the replicates.
  let area: Spread
  /// The area divided by the distance of the limits, over the replicates: the mean of the open gates.
  let meanGates: Spread

  private enum CodingKeys: String, CodingKey {
    case dataset, series, area
    case fromTolerance = "from_tolerance"
    case toTolerance = "to_tolerance"
    case meanGates = "mean_gates"
  }

  /// The area of a series; nil if its replicates have no range of tolerances in common.
  init?(of series: Front.Series) {
    let staircases = FrontStaircase.replicates(of: series)
    guard let range = FrontStaircase.commonRange(of: staircases),
      range.lowerBound < range.upperBound,
      let area = Spread(staircases.compactMap { $0.area(over: range) }),
      let meanGates = Spread(staircases.compactMap { $0.mean(over: range) })
    else { return nil }
    (dataset, self.series) = (series.dataset.name, series.label)
    (fromTolerance, toTolerance) = (range.lowerBound, range.upperBound)
    (self.area, self.meanGates) = (area, meanGates)
  }
}
