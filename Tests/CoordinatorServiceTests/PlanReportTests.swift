import Foundation
import Images
import Sweeps
import TestSupport
import Testing
import Trials

@testable import CoordinatorService

@Suite("coordinator plan")
struct PlanReportTests {
  private let folder: TemporaryFolder
  private let data: URL

  init() throws {
    folder = try TemporaryFolder()
    data = folder.url.appending(path: "data")
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: false)
  }

  private func plan(dataset: String = "mnist", budget: String = "10 batches") throws -> String {
    let file = folder.url.appending(path: "s.yaml")
    try Data(
      """
      sweep: one
      question: How many?
      dataset: \(dataset)
      latents: 3
      tolerance: 5
      budget: \(budget)
      """.utf8
    ).write(to: file)
    return try PlanReport.text(
      SweepRequest(file: file, overrides: [], budgetScale: 1, dataFolder: data), asJSON: false)
  }

  /// Puts an archive of so many training images and one for evaluation into the data folder.
  private func prepare(_ name: String = "mnist", training: Int) throws {
    let shape = ImageShape(channels: 1, height: 28, width: 28)
    var writer = try ImageArchiveWriter(
      at: data.appending(path: "mnist.images"), name: name, shape: shape, encoding: .byte,
      trainingCount: training, evaluationCount: 1)
    let image = [UInt8](repeating: 7, count: shape.elementCount)
    for _ in 0..<training { try writer.append(image, to: .training) }
    try writer.append(image, to: .evaluation)
    _ = try writer.finish()
  }

  @Test("data sets that are not prepared are named, with the command that gets them")
  func missing() throws {
    let text = try plan()
    #expect(text.contains("MISSING: no images of mnist in \(data.path)"))
    #expect(text.contains("coordinator data fetch mnist --data \(data.path)"))
    #expect(try !plan(dataset: "sprites28").contains("MISSING"))
    try prepare(training: 64)
    #expect(try !plan().contains("MISSING"))
  }

  @Test("an unreadable archive is named, with the problem and the remedy")
  func unreadable() throws {
    try Data("no images".utf8).write(to: data.appending(path: "mnist.images"))
    let text = try plan()
    #expect(text.contains("UNREADABLE: the images of mnist cannot be used: "))
    #expect(text.contains("coordinator data fetch mnist"))
    try prepare("fashion-mnist", training: 64)
    #expect(try plan().contains("found images of fashion-mnist, "))
  }

  @Test("a rehearsal counts epochs with the images that are prepared")
  func rehearsal() throws {
    try prepare(training: 640)
    _ = try plan(budget: "2 epochs")
    let request = SweepRequest(
      file: folder.url.appending(path: "s.yaml"), overrides: [], budgetScale: 1, dataFolder: data)
    // Twenty steps of 64 images; with all 60,000 images of MNIST it would be a hundred times as many.
    let whole = PlanSummary(try request.plan())
    let simulated = try SweepSimulation(request, .init())
    #expect(simulated.lowerBoundSeconds < whole.seconds / 50)
  }

  @Test("a batch larger than the prepared set ends the plan with an error")
  func batch() throws {
    try prepare(training: 63)
    #expect(throws: PlanDefects.self) { try plan(budget: "10 epochs") }
  }
}
