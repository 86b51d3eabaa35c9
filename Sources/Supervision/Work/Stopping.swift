/// The state of a worker that was asked to stop.
struct Stopping {
  var reason: String
  var since: Duration
  var deadline: Duration
  /// Whether there may be a coordinator to hand trials back to.
  var handsBack: Bool
}
