/// Finds the trials of a plan by their identity.
///
/// It stores indices into the plan's array: a dictionary of 100,000 planned trials, of hundreds of
/// bytes each, would be a second copy of the plan.
package struct TrialIndex: Sendable {
  private let trials: [PlannedTrial]
  private let places: [TrialID: Int32]

  /// Indexes trials; the first of several with one identity is found.
  package init(_ trials: [PlannedTrial]) {
    var places: [TrialID: Int32] = Dictionary(minimumCapacity: trials.count)
    for (place, trial) in trials.enumerated() where places[trial.id] == nil {
      places[trial.id] = Int32(place)
    }
    self.trials = trials
    self.places = places
  }

  /// The trial of an identity; nil if it is not planned.
  package subscript(trial: TrialID) -> PlannedTrial? { places[trial].map { trials[Int($0)] } }

  /// The index of a trial in the plan; nil if it is not planned.
  package func place(of trial: TrialID) -> Int? { places[trial].map(Int.init) }

  /// The trial at an index.
  package subscript(place place: Int) -> PlannedTrial { trials[place] }

  /// Whether a trial is planned.
  package func contains(_ trial: TrialID) -> Bool { places[trial] != nil }
}
