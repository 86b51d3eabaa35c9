import Foundation
import Trials

extension FrontComparison {
  /// Both fronts in one figure like Figure 3; labels begin with `A: ` and `B: `.
  package static func svg(_ resultsA: SweepResults, _ resultsB: SweepResults) -> Data {
    let fronts = [(letter: "A", results: resultsA), (letter: "B", results: resultsB)]
    var facts: [SeriesLabels.Facts] = []
    var series: [Front.Series] = []
    var letters: [String] = []
    for (letter, results) in fronts {
      for front in Front(of: results).series {
        guard let point = front.points.first else { continue }
        facts.append(SeriesLabels.Facts(of: point.gridPoint, in: results.lastReports))
        series.append(front)
        letters.append(letter)
      }
    }
    let labels = zip(letters, SeriesLabels.names(of: facts)).map { "\($0): \($1)" }
    for (index, label) in SeriesLabels.numbered(labels, of: facts).enumerated() {
      series[index].label = label
    }
    let banners = fronts.compactMap { front in
      Completion(of: front.results).banner.map { "\(front.letter) \($0)" }
    }
    return Figure3Drawing(
      front: Front(series: series), samples: [:],
      name: "A: \(resultsA.plan.name), B: \(resultsB.plan.name)",
      banner: banners.isEmpty ? nil : banners.joined(separator: "; "), isComparison: true
    ).svg
  }
}
