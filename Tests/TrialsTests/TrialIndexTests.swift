import Testing
import Trials

@Suite("Trials by identity")
struct TrialIndexTests {
  @Test("Planned trials are found by identity, the first of two equal ones")
  func findsTrials() {
    var configuration = baselineConfiguration()
    let trials = (0..<5).map { replicate in
      configuration.seed = UInt64(replicate)
      return PlannedTrial(stage: "first", replicate: replicate, configuration: configuration)
    }
    let again = PlannedTrial(
      stage: "second", replicate: 0, configuration: trials[2].configuration)
    let index = TrialIndex(trials + [again])
    for trial in trials {
      #expect(index[trial.id] == trial)
      #expect(index.contains(trial.id))
    }
    configuration.seed = 5
    #expect(index[configuration.id] == nil)
    #expect(!index.contains(configuration.id))
  }
}
