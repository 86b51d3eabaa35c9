import Trials

/// Defects of a plan that a worker would refuse, or that a later stage would fail of, after hours.
///
/// Expansion checks the sweep file alone; this checks the plan against the images.
package struct PlanDefects: Error, Hashable, Sendable {
  /// The numbers of images of a prepared data set.
  package struct Images: Sendable {
    /// Training images.
    package var training: Int
    /// Evaluation images.
    package var evaluation: Int

    /// Counts of an archive.
    package init(training: Int, evaluation: Int) {
      self.training = training
      self.evaluation = evaluation
    }
  }

  /// One line for each kind of defect, with the first trial that has it.
  package let lines: [String]

  /// Checks a plan for defects.
  ///
  /// - Parameter images: The numbers for prepared data sets; for others the complete published set
  ///   is assumed.
  /// - Throws: The defects.
  package static func refuse(
    in plan: SweepPlan, images: [Dataset: Images]
  ) throws(PlanDefects) {
    var lines: [String] = []
    var seen: Set<String> = []
    let mostLatents = LatentBounds(of: plan)
    for trial in plan.trials {
      let configuration = trial.configuration
      for defect in defects(
        of: configuration, images: images[configuration.dataset],
        mostLatents: mostLatents.bounds[trial.id] ?? 1)
      where seen.insert("\(trial.stage) \(defect)").inserted {
        lines.append("stage \(trial.stage), trial \(trial.id): \(defect)")
      }
      guard lines.count < SweepFileError.maximumCount else { break }
    }
    guard lines.isEmpty else { throw PlanDefects(lines: lines) }
  }

  private static func defects(
    of configuration: TrialConfiguration, images: Images?, mostLatents: Int
  ) -> [String] {
    var defects: [String] = []
    let dataset = configuration.dataset
    let batchSize = configuration.trainer.batchSize
    let training = images?.training ?? dataset.expectedTrainingImageCount
    if training < batchSize {
      defects.append(
        "batch_size: found \(batchSize), expected at most \(training), the training images of "
          + dataset.name)
    } else if let last = configuration.milestones.last {
      let steps = last.batches(trainingImageCount: training, batchSize: batchSize)
      if steps > Budget.maximumCount {
        defects.append(
          "budget: found \(last), which are \(steps.grouped) batches, expected at most "
            + Budget.maximumCount.grouped)
      }
    }
    if images?.evaluation == 0 {
      defects.append(
        "dataset: found no evaluation images of \(dataset.name), expected at least one")
    }
    if let measurement = configuration.model.latents.measurement, mostLatents < 1 {
      defects.append(
        "latents: found \(Numerals.text(measurement.factor)) times what trial \(measurement.trial) "
          + "leaves open, which rounds to 0, expected 1 or more")
    }
    return defects
  }
}

extension PlanDefects: CustomStringConvertible {
  package var description: String {
    (["the sweep would fail while it runs:"] + lines).joined(separator: "\n")
  }
}

/// Upper bounds on the number of latent dimensions of each trial of a plan.
private struct LatentBounds {
  private(set) var bounds: [TrialID: Int] = [:]

  init(of plan: SweepPlan) {
    for trial in plan.trials {
      switch trial.configuration.model.latents {
      case .value(let latents): bounds[trial.id] = latents
      case .measured(let measurement):
        let maximum = ModelSettings.latentRange.upperBound
        let most = Double(bounds[measurement.trial] ?? maximum) * measurement.factor
        bounds[trial.id] = Int(min(most.rounded(), Double(maximum)))
      }
    }
  }
}
