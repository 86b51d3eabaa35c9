import Testing
import Trials

@testable import Sweeps

@Suite("Plans that would fail after hours")
struct PlanDefectsTests {
  private func defects(
    _ text: String, _ images: [Dataset: PlanDefects.Images] = [:]
  ) throws -> [String] {
    let plan = try plan(text)
    do throws(PlanDefects) {
      try PlanDefects.refuse(in: plan, images: images)
      return []
    } catch {
      return error.lines
    }
  }

  @Test("a batch larger than the training set is refused, once for a stage")
  func batch() throws {
    let images = [Dataset.mnist: PlanDefects.Images(training: 63, evaluation: 10)]
    let found = try defects(oneTrial + "\nreplicates: 3", images)
    #expect(found.count == 1)
    #expect(
      found.first?.hasSuffix(
        "batch_size: found 64, expected at most 63, the training images of mnist") == true)
    #expect(
      try defects(oneTrial, [.mnist: .init(training: 64, evaluation: 10)]).isEmpty)
    // Without an archive the published set is assumed.
    #expect(try defects(oneTrial).isEmpty)
  }

  @Test("epochs of more batches than the maximum are refused")
  func steps() throws {
    let text = oneTrial.replacing("100 batches", with: "2000000 epochs")
    let found = try defects(text)
    #expect(found.first?.contains("found 2000000 epochs, which are 1,874,000,000 batches") == true)
  }

  @Test("archives without evaluation images are refused")
  func evaluation() throws {
    let found = try defects(oneTrial, [.mnist: .init(training: 100, evaluation: 0)])
    #expect(found.first?.contains("found no evaluation images of mnist") == true)
  }

  @Test("a number of dimensions that rounds to 0 for any parent's result is refused")
  func latents() throws {
    // The baseline has 5.
    func text(_ factor: String) -> String {
      twoStages.replacing("2 * baseline.latents", with: "\(factor) * baseline.gates_open")
    }
    let found = try defects(text("0.05"))
    #expect(found.first?.contains("which rounds to 0, expected 1 or more") == true)
    #expect(found.first?.hasPrefix("stage narrowed, trial t") == true)
    #expect(try defects(text("0.2")).isEmpty)
  }
}
