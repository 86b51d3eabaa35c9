import Sweeps
import Testing
import Trials

@Suite("A sweep file names a user's own images like any other set")
struct OwnImagesTests {
  private func plan(_ dataset: String, own: [Dataset]) throws -> SweepPlan {
    try SweepFile.parse(
      """
      sweep: own
      dataset: \(dataset)
      latents: 4
      tolerance: 3
      budget: 5 batches
      """, named: "own.yaml", ownImages: own)
  }

  @Test("a prepared set is found by its name; its shape is in the configuration")
  func named() throws {
    let cells = try #require(Dataset(rawValue: "my-cells@64x64x3"))
    for text in ["my-cells", "my-cells@64x64x3"] {
      let plan = try plan(text, own: [cells])
      #expect(plan.trials.map(\.configuration.dataset) == [cells])
      #expect(plan.trials[0].configuration.model.channels == [32, 32, 64, 64])
    }
    #expect(try plan("my-cells@28x28x1", own: []).trials[0].configuration.model.channels.count == 3)
  }

  @Test("a set that is not prepared is refused, with the nearest name")
  func unknown() throws {
    let cells = try #require(Dataset(rawValue: "my-cells@64x64x3"))
    let error = #expect(throws: SweepFileError.self) { try plan("my-cell", own: [cells]) }
    #expect(error?.description.contains("did you mean \"my-cells\"?") == true)
    #expect(error?.description.contains("data prepare NAME --as SHAPE") == true)
    #expect(throws: SweepFileError.self) { try plan("my-cells", own: []) }
  }
}
