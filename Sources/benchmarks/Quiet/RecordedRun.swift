import Benches
import Foundation
import Narrowing
import Trials

/// A finished trial, read from a sweep's folder: `trials.json` and its trajectory.
struct RecordedRun {
  /// The numbers of a trajectory row that the rule needs.
  struct Row {
    var step: Int
    /// The squared error of the step's batch.
    var squaredError: Double
    /// Its moving average.
    var mse: Double
    var constraintAverage: Double
    var multiplier: Double
    var openProbabilities: [Double]

    /// The number of open gates.
    var openCount: Int { openProbabilities.count { $0 > 0.5 } }
  }

  /// The trial's name.
  let trial: String
  let dataset: Dataset
  let tolerance: Double
  let settings: TrainerSettings
  /// The step in which a batch first met the tolerance; nil if none has.
  let firstHitStep: Int?
  /// The rows by ascending step; not empty, all with the same number of gates.
  let rows: [Row]

  /// Steps taken.
  var lastStep: Int { rows.last?.step ?? 0 }
}

extension RecordedRun {
  /// The complete trials of a sweep's folder that have a trajectory.
  ///
  /// - Throws: ``BenchmarkError`` that names the file and the line.
  static func all(in folder: URL) throws -> [RecordedRun] {
    let url = folder.appending(path: "trials.json")
    let table: Table
    do {
      table = try JSONDecoder().decode(Table.self, from: try Data(contentsOf: url))
    } catch {
      throw BenchmarkError(
        "\(url.path): found \(CanonicalJSON.describe(error)), expected a sweep's trials.json")
    }
    return try table.trials.filter { $0.status == .complete }.map { trial in
      guard let tolerance = trial.tolerance else {
        throw BenchmarkError("\(url.path): trial \(trial.trial) is complete without a tolerance")
      }
      return RecordedRun(
        trial: trial.trial, dataset: trial.dataset, tolerance: tolerance,
        settings: trial.settings, firstHitStep: trial.milestones.compactMap(\.firstHitStep).first,
        rows: try rows(
          folder.appending(path: "trajectories").appending(path: trial.trial + ".csv")))
    }
  }

  /// The part of `trials.json` that the rule needs.
  private struct Table: Decodable {
    struct Trial: Decodable {
      let trial: String
      let dataset: Dataset
      let tolerance: Double?
      let settings: TrainerSettings
      let status: TrialStatus
      let milestones: [Milestone]
    }

    struct Milestone: Decodable {
      let firstHitStep: Int?

      enum CodingKeys: String, CodingKey {
        case firstHitStep = "first_hit_step"
      }
    }

    let trials: [Trial]
  }

  private static func rows(_ url: URL) throws -> [Row] {
    guard let data = try? Data(contentsOf: url) else {
      throw BenchmarkError("\(url.path): cannot be read, expected the trial's trajectory")
    }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    let header = lines.first?.split(separator: ",").map(String.init) ?? []
    let gates = header.indices.filter { header[$0].hasPrefix("gate_") }
    guard let step = header.firstIndex(of: "step"),
      let squaredError = header.firstIndex(of: "squared_error"),
      let mse = header.firstIndex(of: "mse"),
      let constraint = header.firstIndex(of: "constraint_average"),
      let multiplier = header.firstIndex(of: "multiplier"), !gates.isEmpty
    else {
      throw BenchmarkError(
        "\(url.path):1: found no columns step, squared_error, mse, constraint_average, "
          + "multiplier and gate_0, expected a trajectory")
    }
    var rows: [Row] = []
    for (index, line) in lines.enumerated().dropFirst() {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count == header.count, let stepNumber = Int(fields[step]),
        stepNumber > rows.last?.step ?? 0, stepNumber <= Budget.maximumCount,
        let batch = Double(fields[squaredError]), let error = Double(fields[mse]),
        let average = Double(fields[constraint]),
        let weight = Double(fields[multiplier])
      else {
        throw BenchmarkError(
          "\(url.path):\(index + 1): found \(line.prefix(40)), expected a row with a later step")
      }
      rows.append(
        Row(
          step: stepNumber, squaredError: batch, mse: error, constraintAverage: average,
          multiplier: weight,
          openProbabilities: gates.map { Double(fields[$0]) ?? .nan }))
    }
    guard !rows.isEmpty else { throw BenchmarkError("\(url.path): found no rows, expected some") }
    return rows
  }
}
