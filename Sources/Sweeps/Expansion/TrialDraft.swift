import Trials

/// The values of a trial while they are set one by one: first those that are fixed for the stage,
/// then those of the point.
///
/// The later of two values of a key, and of a tolerance and a ladder of them, counts.
struct TrialDraft {
  private(set) var dataset: Dataset?
  private(set) var latents: Placed<Quantity>?
  private(set) var channels: [Int]?
  private(set) var tolerance: Placed<Quantity>?
  private(set) var trace: Placed<ToleranceLadder>?
  private(set) var budget: TrialBudget?
  private(set) var seed: UInt64?
  /// Shared by all trials that set none of it.
  private(set) var trainer = Boxed(wrappedValue: TrainerSettings())

  /// Has the trial record its latent traversals, unless a later value says otherwise.
  mutating func recordLatentTraversals() { trainer.wrappedValue.latentTraversals = .recorded }

  /// Sets a key to a value of its type.
  mutating func set(_ key: TrialKey, to placed: Placed<TrialValue>) {
    switch placed.value {
    case .dataset(let dataset): self.dataset = dataset
    case .latents(let latents): self.latents = Placed(latents, at: placed.place)
    case .channels(let channels): self.channels = channels
    case .tolerance(let tolerance):
      self.tolerance = Placed(tolerance, at: placed.place)
      trace = nil
    case .trace(let ladder):
      trace = Placed(ladder, at: placed.place)
      tolerance = Placed(Quantity.number(ladder.first), at: placed.place)
    case .budget(let budget): self.budget = budget
    case .seed(let seed): self.seed = seed
    case .setting(let text):
      guard case .trainer(let name) = key,
        TrialKey.setting(name).set(text, in: &trainer.wrappedValue)
      else {
        preconditionFailure("\(key.name) has been read as \(text)")
      }
    }
  }
}
