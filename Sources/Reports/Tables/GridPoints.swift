import Trials

/// Groups the trials of a plan into grid points of replicates.
struct GridPoints {
  /// A grid point: trials that differ only in their seeds and their parents' seeds; of traced trials, a
  /// rung of theirs.
  struct Point {
    /// Its stage.
    var stage: String
    /// The replicates, in the plan's order.
    var trials: [RecordedTrial]

    /// The place of the rung on the ladder of traced trials; nil for their end, and for other trials.
    var rung: Int?

    /// The first replicate's configuration; only seeds and parents differ in the others.
    var configuration: TrialConfiguration { trials[0].planned.configuration }

    /// The spread of a number at a milestone over the replicates that have reached it, including
    /// running ones; for a replicate that ended early before it, the number at its end.
    func spread(at budget: Budget, _ number: (MilestoneReport) -> Double) -> Spread? {
      Spread(
        trials.compactMap { trial in
          trial.reportOrEnd(at: budget).map(number)
        })
    }

    /// The report of a replicate at its last milestone, or at the end of the rung; nil without a
    /// result.
    func report(of trial: RecordedTrial) -> MilestoneReport? {
      guard let milestones = trial.result?.milestones else { return nil }
      guard let rung else { return milestones.last }
      return milestones.indices.contains(rung) ? milestones[rung] : nil
    }

    /// The budget of the last milestone, or of the rung's.
    var budget: Budget {
      let milestones = configuration.milestones
      return rung.map { milestones[$0] } ?? milestones.last ?? .batches(1)
    }

    /// The spread of a number at the last milestone, or at the end of the rung.
    func spread(_ number: (MilestoneReport) -> Double) -> Spread? {
      Spread(trials.compactMap { report(of: $0).map(number) })
    }

    /// The point of each rung of traced trials; the point itself for other trials.
    var rungs: [Point] {
      guard let trace = configuration.trace else { return [self] }
      return (0..<trace.count).map { rung in
        var point = self
        point.rung = rung
        return point
      }
    }

    /// Whether the trials' files show the network as it was here: not before the end of a trial.
    var isAtEnd: Bool { rung == nil || rung == configuration.milestones.count - 1 }
  }

  /// Which trials of a plan make up which points, and which points are one series of the front; the
  /// plan alone decides it.
  struct Grouping {
    /// The point of each trial, by the trial's place in the plan.
    private(set) var points: [Int] = []
    /// The series of each point, which differ in their tolerance only; nil of a point that does not
    /// narrow.
    private(set) var series: [Int?] = []
  }

  /// The points in the plan's order.
  private(set) var points: [Point] = []
  private var indices: [TrialID: Int] = [:]

  /// Groups the trials of a sweep.
  ///
  /// - Parameter grouping: That of the sweep's plan, where it is known.
  init(of results: SweepResults, grouping: Grouping? = nil) {
    let grouping = grouping ?? Grouping(of: results)
    for (trial, point) in zip(results.trials, grouping.points) {
      indices[trial.planned.id] = point
      if point < points.count {
        points[point].trials.append(trial)
      } else {
        points.append(Point(stage: trial.planned.stage, trials: [trial]))
      }
    }
  }

  /// The point that a trial belongs to.
  func point(of trial: TrialID) -> Point? {
    indices[trial].map { points[$0] }
  }
}

extension GridPoints.Grouping {
  /// Groups the trials of a sweep.
  init(of results: SweepResults) {
    var names: [TrialID: TrialID] = [:]
    var pointOfName: [TrialID: Int] = [:]
    var seriesOfKey: [String: Int] = [:]
    for trial in results.trials {
      let planned = trial.planned
      var content = planned.configuration
      content.seed = 0
      if var measurement = content.tolerance.measurement {
        measurement.trial = names[measurement.trial] ?? measurement.trial
        content.tolerance = .measured(measurement)
      }
      if var measurement = content.model.latents.measurement {
        measurement.trial = names[measurement.trial] ?? measurement.trial
        content.model.latents = .measured(measurement)
      }
      let name = TrialID(ofCanonicalText: "\(planned.stage)/\(content.canonicalText)")
      names[planned.id] = name
      if let point = pointOfName[name] {
        points.append(point)
        continue
      }
      pointOfName[name] = series.count
      points.append(series.count)
      guard planned.configuration.narrows else {
        series.append(nil)
        continue
      }
      content = planned.configuration
      content.seed = 0
      content.tolerance = .value(0)
      let key = "\(planned.stage)/\(content.canonicalText)"
      let number = seriesOfKey[key] ?? seriesOfKey.count
      seriesOfKey[key] = number
      series.append(number)
    }
  }
}

extension TrialConfiguration {
  /// Whether a trial narrows its bottleneck, rather than being a baseline with τ = 0.
  var narrows: Bool { tolerance != .value(0) }
}

extension Dataset {
  /// The name in publications; ``ImageCounts/title(of:)`` adds the remark.
  var title: String {
    switch self {
    case .mnist: "MNIST"
    case .fashionMNIST: "Fashion-MNIST"
    case .dsprites: "dSprites"
    case .shapes3d: "Shapes3D"
    case .cars3d: "Cars3D"
    case .cifar100: "CIFAR-100"
    case .sprites28: "Sprites 28×28"
    case .sprites64: "Sprites 64×64"
    case .shapes64: "Shapes 64×64"
    case .own(let images): images.name
    }
  }
}

extension RecordedTrial {
  /// The configuration with the values used, or that would be used if the trial started now;
  /// parameters whose parent has no result stay unresolved.
  func configurationUsed(in results: [TrialID: MilestoneReport]) -> TrialConfiguration {
    configurationUsed { results[$0] }
  }

  /// The same, of parents whose last report is looked up.
  func configurationUsed(
    reportOf: (TrialID) -> MilestoneReport?
  ) -> TrialConfiguration {
    if let result { return result.provenance.configuration }
    return (try? planned.configuration.resolved(reportOf)) ?? planned.configuration
  }
}
