import Images
import Trials

/// The reports of a trial on its trainer's state.
extension Trainer {
  /// The row of the trajectory after a step.
  func trajectoryRow(of report: StepReport) -> TrajectoryRow {
    TrajectoryRow(
      step: state.step, squaredError: report.squaredError,
      mse: state.mse ?? report.squaredError, constraintAverage: report.constraintAverage,
      multiplier: state.multiplier.effective, toleranceHits: toleranceHits,
      gatesOpen: state.gates.openCount, expectedOpen: state.gates.expectedOpenCount,
      divergence: report.divergence, openProbabilities: state.gates.openProbabilities)
  }

  /// The report of a milestone, with the error on the evaluation images.
  ///
  /// - Parameters:
  ///   - ending: How the trial, or a rung of it, ends here, or that it goes on.
  ///   - finding: Why it ends before its budget is spent; nil if it does not.
  /// - Throws: A failure with cause ``FailureCause/notANumber`` if that error is not finite:
  ///   running statistics can overflow although training, with batch statistics, continues.
  func milestone(
    _ budget: Budget, ending: ReportEnding, finding: QuietFinding? = nil, on images: ImageArchive
  ) throws(TrialFailure) -> MilestoneReport {
    let evaluation = Evaluation(network: network, images: images, gates: state.gates)
    let evaluationMSE = evaluation.squaredError()
    guard evaluationMSE.isFinite else {
      throw TrialFailure(
        cause: .notANumber,
        message: "step \(state.step): the squared error of evaluation is \(evaluationMSE), "
          + "expected a finite number")
    }
    return MilestoneReport(
      budget: budget, tolerance: state.constraint.tolerance, step: state.step,
      ending: ending,
      stateDigest: StateDigest.of(self), gatesOpen: state.gates.openCount, mse: state.mse ?? 0,
      evaluationMSE: evaluationMSE, firstHitStep: state.firstHitStep,
      multiplier: state.multiplier.effective, openProbabilities: state.gates.openProbabilities,
      sinceStep: finding?.sinceStep, alternatingGates: finding?.alternatingGates)
  }

  /// The trial's progress.
  func progress(totalSteps: Int, stepsPerSecond: Double) -> TrialProgress {
    TrialProgress(
      step: state.step, totalSteps: totalSteps, mse: state.mse ?? 0,
      gatesOpen: state.gates.openCount, multiplier: state.multiplier.effective,
      stepsPerSecond: stepsPerSecond)
  }
}
