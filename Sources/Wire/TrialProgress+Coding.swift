import Trials

extension TrialProgress {
  /// Checks the counts; the two displayed numbers may have any value, since training may diverge.
  init(_ body: PBProgress) throws(WireError) {
    let steps = 0...Budget.maximumCount
    self.init(
      step: try Field.count(body.step, "step", in: steps),
      totalSteps: try Field.count(body.totalSteps, "total_steps", in: steps),
      mse: body.mse,
      gatesOpen: try Field.count(body.gatesOpen, "gates_open", in: 0...WireLimits.gateCount),
      multiplier: body.multiplier,
      stepsPerSecond: try Field.rate(body.stepsPerSecond, "steps_per_second"))
  }

  var body: PBProgress {
    var body = PBProgress()
    body.step = UInt64(clamping: step)
    body.totalSteps = UInt64(clamping: totalSteps)
    body.mse = mse
    body.gatesOpen = UInt32(clamping: gatesOpen)
    body.multiplier = multiplier
    body.stepsPerSecond = stepsPerSecond
    return body
  }
}
