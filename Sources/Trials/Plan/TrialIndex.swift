/// Finds the trials of a plan by their identity.
///
/// It holds places in the plan's own array, since a planned trial takes hundreds of bytes and a
/// table of 100,000 would be a second copy of the plan.
package struct TrialIndex: Sendable {
  private let trials: [PlannedTrial]
  private let places: [TrialID: Int32]

  /// Indexes trials; of several with one identity the first is found.
  package init(_ trials: [PlannedTrial]) {
    var places: [TrialID: Int32] = Dictionary(minimumCapacity: trials.count)
    for (place, trial) in trials.enumerated() where places[trial.id] == nil {
      places[trial.id] = Int32(place)
    }
    self.trials = trials
    self.places = places
  }

  /// The trial of an identity; nil when it is not planned.
  package subscript(trial: TrialID) -> PlannedTrial? { places[trial].map { trials[Int($0)] } }

  /// Where the trial of an identity is among the trials; nil when it is not planned.
  package func place(of trial: TrialID) -> Int? { places[trial].map(Int.init) }

  /// The trial at a place.
  package subscript(place place: Int) -> PlannedTrial { trials[place] }

  /// Whether a trial is planned.
  package func contains(_ trial: TrialID) -> Bool { places[trial] != nil }
}
