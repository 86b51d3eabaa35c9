import Foundation
import Trials

/// `latents.csv` and `latents.json`: for every latent dimension of every complete trial, its mean
/// KL if the trial recorded it, and when its gate closed and at which error.
///
/// Numbers that are unknown or not finite are absent.
struct LatentTable {
  /// The facts about the whole sweep.
  private let head: ReportHead
  private let trials: [Trial]

  /// One trial.
  private struct Trial: Encodable {
    let trial: String
    /// The trial's name in the sweep.
    let name: String
    let stage: String
    let replicate: Int
    let dataset: String
    /// τ as used.
    let tolerance: Double
    /// Whether it recorded its latent traversals; results of earlier versions did not.
    let recorded: Bool
    /// The drawing's path; nil if there is none.
    let picture: String?
    let dimensions: [Dimension]
  }

  /// One latent dimension.
  private struct Dimension: Encodable {
    let dimension: Int
    let isOpen: Bool
    /// Its place among the open dimensions by falling KL, from 1.
    let rank: Int?
    /// The mean KL from the prior over the evaluation images.
    let kl: Double?
    /// The mean of μ over them.
    let mean: Double?
    /// The deviation of z over them.
    let deviation: Double?
    /// Whether the picture has a row of it.
    let drawn: Bool
    /// As in ``GateCourse``.
    let closedStep: Int?
    let closedMSE: Double?

    enum CodingKeys: String, CodingKey {
      case dimension, rank, kl, mean, deviation, drawn
      case isOpen = "is_open"
      case closedStep = "closed_step"
      case closedMSE = "closed_mse"
    }
  }

  /// The path of a trial's drawing.
  static func picturePath(of trial: TrialID) -> String { "latents/\(trial).svg" }

  /// The table of a sweep.
  ///
  /// - Parameters:
  ///   - records: The dimensions of complete trials that recorded them.
  ///   - courses: The gates of complete trials.
  init(
    of results: SweepResults, names: TrialNames, records: [TrialID: [LatentRecord.Dimension]],
    courses: [TrialID: [GateCourse]]
  ) {
    head = ReportHead(of: results)
    trials = results.trials.compactMap { trial in
      guard let end = trial.result?.milestones.last else { return nil }
      let planned = trial.planned
      let record = records[planned.id]
      return Trial(
        trial: "\(planned.id)", name: names.name(of: planned), stage: planned.stage,
        replicate: planned.replicate, dataset: planned.configuration.dataset.name,
        tolerance: end.tolerance, recorded: record != nil,
        picture: record.map { _ in Self.picturePath(of: planned.id) },
        dimensions: Self.dimensions(record ?? [], courses[planned.id] ?? []))
    }
  }

  private static func dimensions(
    _ record: [LatentRecord.Dimension], _ courses: [GateCourse]
  ) -> [Dimension] {
    var ranks: [Int: Int] = [:]
    for (place, dimension) in LatentRecord.ranked(record).enumerated() {
      ranks[dimension.index] = place + 1
    }
    func finite(_ number: Double?) -> Double? { number.flatMap { $0.isFinite ? $0 : nil } }
    return (0..<max(record.count, courses.count)).map { index in
      let known = index < record.count ? record[index] : nil
      let course = index < courses.count ? courses[index] : nil
      return Dimension(
        dimension: index, isOpen: known?.isOpen ?? course?.isOpen ?? false, rank: ranks[index],
        kl: finite(known?.divergence), mean: finite(known?.mean),
        deviation: finite(known?.deviation), drawn: known?.isDrawn ?? false,
        closedStep: course?.closedStep, closedMSE: finite(course?.closedMSE))
    }
  }

  /// `latents.csv`: one row per dimension.
  var csv: Data {
    var table = CSVTable(header: [
      "trial", "name", "stage", "replicate", "dataset", "tolerance", "recorded", "dimension",
      "is_open", "rank", "kl", "mean", "deviation", "drawn", "closed_step", "closed_mse",
    ])
    for trial in trials {
      for dimension in trial.dimensions {
        table.append([
          trial.trial, trial.name, trial.stage, "\(trial.replicate)", trial.dataset,
          NumberText.shortest(trial.tolerance), trial.recorded ? "yes" : "not recorded",
          "\(dimension.dimension)", "\(dimension.isOpen)", CSVCell.number(dimension.rank),
          CSVCell.number(dimension.kl), CSVCell.number(dimension.mean),
          CSVCell.number(dimension.deviation), "\(dimension.drawn)",
          CSVCell.number(dimension.closedStep), CSVCell.number(dimension.closedMSE),
        ])
      }
    }
    return table.data
  }

  /// `latents.json`: one item per trial.
  var json: Data { ReportJSON.data(head, list: "trials", trials) }
}
