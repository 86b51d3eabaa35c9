/// The end of a worker that was asked to leave.
struct Stopping {
  var reason: String
  var since: Duration
  var deadline: Duration
  /// Whether a coordinator may be there to take the trials back.
  var handsBack: Bool
}
