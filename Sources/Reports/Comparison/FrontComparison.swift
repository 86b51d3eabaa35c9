import Foundation
import Trials

/// Compares the fronts of two sweeps: which keeps fewer gates, and at which tolerances.
///
/// A series of A is compared with the series of B that has the same data set, n and settings; if
/// there is none, with all of the same n, else with all of the data set. Only trials that kept
/// their tolerance count.
package struct FrontComparison: Encodable, Sendable {
  /// One of the two sweeps.
  package struct Side: Encodable, Hashable, Sendable {
    /// The sweep's name.
    package let sweep: String
    /// How many trials it has.
    package let trials: Int
    /// How many of them are complete.
    package let complete: Int
  }

  /// Two series.
  package struct Pair: Encodable, Hashable, Sendable {
    /// The data set's name.
    let dataset: String
    /// The label that distinguishes the series from others of its data set in both sweeps.
    let labelA: String
    let labelB: String
    /// The range of tolerances that every replicate of both has kept; nil if it is empty.
    let fromTolerance: Double?
    let toTolerance: Double?
    /// The area under each front over these tolerances, as ``FrontArea`` defines it, with the limits
    /// that both have in common.
    let areaA: Spread?
    let areaB: Spread?
    /// The mean number of open gates over these tolerances: the area under the front divided by its
    /// width.
    let meanGatesA: Spread?
    let meanGatesB: Spread?
    /// `a` or `b`, whichever has the lower median of it; nil if they are equal.
    let winner: String?
    /// Whether every replicate of the winner is below all replicates of the other.
    let isBeyondSpread: Bool?
    let rows: [Row]
  }

  /// A tolerance of either series.
  struct Row: Encodable, Hashable, Sendable {
    let tolerance: Double
    /// The fewest gates that keep it; nil if some replicate has not kept it.
    let gatesA: Spread?
    let gatesB: Spread?
    /// As for the pair.
    let winner: String?
  }

  package let sideA: Side
  package let sideB: Side
  /// The pairs, sorted by A's series, then B's.
  package let pairs: [Pair]
  /// The series of A and of B without a counterpart that has results.
  package let unpaired: [String]

  /// Compares the fronts of two sweeps.
  package init(_ resultsA: SweepResults, _ resultsB: SweepResults) {
    (sideA, sideB) = (Side(resultsA), Side(resultsB))
    let (allA, allB) = Self.series(resultsA, resultsB)
    var pairs: [Pair] = []
    var paired = Set<String>()
    for seriesA in allA where !seriesA.replicates.isEmpty {
      for seriesB in Self.counterparts(of: seriesA, in: allB) {
        pairs.append(Pair(seriesA, seriesB))
        paired.formUnion(["A\(seriesA.name)", "B\(seriesB.name)"])
      }
    }
    self.pairs = pairs
    let names = allA.map { ("A", $0) } + allB.map { ("B", $0) }
    unpaired = names.filter { !paired.contains("\($0)\($1.name)") }
      .map { side, series in "\(side): \(series.dataset.title), \(series.label)" }
  }

  /// A series of one sweep with the data for its comparison.
  fileprivate struct Candidate {
    let dataset: Dataset
    let facts: [String]
    let label: String
    /// One staircase per replicate that kept a tolerance.
    let replicates: [FrontStaircase]
    /// The tolerances of all points.
    let tolerances: [Double]

    /// The label that distinguishes it from others of its sweep.
    var name: String { "\(dataset.name)/\(label)" }
  }

  private static func series(
    _ resultsA: SweepResults, _ resultsB: SweepResults
  ) -> ([Candidate], [Candidate]) {
    let (frontA, frontB) = (Front(of: resultsA), Front(of: resultsB))
    let facts = [(frontA, resultsA), (frontB, resultsB)].map { front, results in
      front.series.compactMap { series in
        series.points.first.map {
          SeriesLabels.Facts(of: $0.gridPoint, in: results.lastReports)
        }
      }
    }
    let names = SeriesLabels.names(of: facts[0] + facts[1])
    func candidates(_ front: Front, _ facts: [SeriesLabels.Facts], _ names: [String]) -> [Candidate]
    {
      zip(zip(front.series, facts), SeriesLabels.numbered(names, of: facts)).map { series, label in
        Candidate(series.0, facts: series.1.values.map(\.text), label: label)
      }
    }
    return (
      candidates(frontA, facts[0], Array(names.prefix(facts[0].count))),
      candidates(frontB, facts[1], Array(names.dropFirst(facts[0].count)))
    )
  }

  private static func counterparts(of series: Candidate, in others: [Candidate]) -> [Candidate] {
    let others = others.filter { $0.dataset == series.dataset && !$0.replicates.isEmpty }
    let same = others.filter { $0.facts == series.facts }
    guard same.isEmpty else { return same }
    let sameLatents = others.filter { $0.facts.first == series.facts.first }
    return sameLatents.isEmpty ? others : sameLatents
  }
}

extension FrontComparison.Side {
  fileprivate init(_ results: SweepResults) {
    let completion = Completion(of: results)
    self.init(sweep: results.plan.name, trials: completion.total, complete: completion.complete)
  }
}

extension FrontComparison.Candidate {
  fileprivate init(_ series: Front.Series, facts: [String], label: String) {
    dataset = series.dataset
    self.facts = facts
    self.label = label
    replicates = FrontStaircase.replicates(of: series)
    tolerances = series.points.compactMap(\.tolerance?.median)
  }
}

extension FrontComparison.Pair {
  fileprivate init(_ first: FrontComparison.Candidate, _ second: FrontComparison.Candidate) {
    dataset = first.dataset.name
    (labelA, labelB) = (first.label, second.label)
    let range = FrontStaircase.commonRange(of: first.replicates + second.replicates)
    (fromTolerance, toTolerance) = (range?.lowerBound, range?.upperBound)
    func mean(_ series: FrontComparison.Candidate) -> Spread? {
      range.flatMap { range in Spread(series.replicates.compactMap { $0.mean(over: range) }) }
    }
    func area(_ series: FrontComparison.Candidate) -> Spread? {
      range.flatMap { range in Spread(series.replicates.compactMap { $0.area(over: range) }) }
    }
    (areaA, areaB) = (area(first), area(second))
    let (meanA, meanB) = (mean(first), mean(second))
    (meanGatesA, meanGatesB) = (meanA, meanB)
    winner = FrontComparison.winner(meanA, meanB)
    if let meanA, let meanB {
      isBeyondSpread = meanA.maximum < meanB.minimum || meanB.maximum < meanA.minimum
    } else {
      isBeyondSpread = nil
    }
    rows = Set(first.tolerances + second.tolerances).sorted().map { tolerance in
      func gates(_ series: FrontComparison.Candidate) -> Spread? {
        guard series.replicates.allSatisfy({ $0.range.contains(tolerance) }) else { return nil }
        return Spread(series.replicates.compactMap { $0.gates(at: tolerance) })
      }
      let (gatesA, gatesB) = (gates(first), gates(second))
      return FrontComparison.Row(
        tolerance: tolerance, gatesA: gatesA, gatesB: gatesB,
        winner: FrontComparison.winner(gatesA, gatesB))
    }
  }
}

extension FrontComparison {
  /// `a` or `b`, whichever has the lower median; nil if they are equal or one has none.
  fileprivate static func winner(_ gatesA: Spread?, _ gatesB: Spread?) -> String? {
    guard let gatesA, let gatesB, gatesA.median != gatesB.median else { return nil }
    return gatesA.median < gatesB.median ? "a" : "b"
  }
}
