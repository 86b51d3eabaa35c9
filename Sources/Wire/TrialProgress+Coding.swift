import Trials

extension TrialProgress {
  init(_ body: PBProgress) throws(WireError) {
    self.init(
      step: try Field.count(body.step, "step"),
      totalSteps: try Field.count(body.totalSteps, "total_steps"),
      mse: body.mse, gatesOpen: try Field.count(body.gatesOpen, "gates_open"),
      multiplier: body.multiplier, stepsPerSecond: body.stepsPerSecond)
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
