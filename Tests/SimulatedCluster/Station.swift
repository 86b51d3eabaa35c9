import Coordination

/// A worker's host and connection, with their faults.
struct Station {
  let id: WorkerID
  let host: String
  let slots: Int
  /// How many cores the coordinator may divide; 0 if every slot has one.
  let cores: Int
  /// Its speed relative to the slowest.
  let speed: Int
  /// Whether it lies.
  let lies: Bool
  let instructionSet: String
  var connection: ConnectionID
  /// The process is suspended until then; messages to it wait.
  var pausedUntil = 0
  var backlog: [Simulation.Happening] = []
  /// The network drops the worker's messages, or messages to it, until then.
  var outgoingBlockedUntil = 0
  var incomingBlockedUntil = 0
  /// Its disk has no room for another trial until then.
  var fullUntil = 0

  init(
    number: Int, host: String?, slots: Int, cores: Int = 0, speed: Int, lies: Bool,
    options: SimulationOptions,
    connection: ConnectionID
  ) {
    id = WorkerID("w\(number)")
    // Lying workers have their own host, since workers of one host cannot be distinguished.
    self.host = host ?? (lies ? "liar\(number)" : "h\(number % options.hostCount)")
    self.lies = lies
    instructionSet = options.trialsMove || number.isMultiple(of: 2) ? "avx512" : "avx2"
    self.slots = slots
    self.cores = cores
    self.speed = speed
    self.connection = connection
  }
}
