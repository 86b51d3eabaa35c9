import Coordination

/// What a worker's process runs on: its host and its connection, with what afflicts them.
struct Station {
  let id: WorkerID
  let host: String
  let slots: Int
  /// How much faster it computes than the slowest.
  let speed: Int
  /// Whether it says what is not true.
  let lies: Bool
  let instructionSet: String
  var connection: ConnectionID
  /// The process stands still until then; what reaches it meanwhile waits.
  var pausedUntil = 0
  var backlog: [Simulation.Happening] = []
  /// The network drops what the worker says, or what it is told, until then.
  var silencedUntil = 0
  var deafenedUntil = 0
  /// Its disk has no room for another trial until then.
  var fullUntil = 0

  init(
    number: Int, host: String?, slots: Int, speed: Int, lies: Bool, options: SimulationOptions,
    connection: ConnectionID
  ) {
    id = WorkerID("w\(number)")
    // Of what a neighbour on one's own host says nobody can tell whose it is.
    self.host = host ?? (lies ? "liar\(number)" : "h\(number % options.hostCount)")
    self.lies = lies
    instructionSet = options.trialsMove || number.isMultiple(of: 2) ? "avx512" : "avx2"
    self.slots = slots
    self.speed = speed
    self.connection = connection
  }
}
