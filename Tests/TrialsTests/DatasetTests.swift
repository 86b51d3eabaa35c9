import Testing

@testable import Trials

@Suite("Data sets")
struct DatasetTests {
  @Test("a set without a test split holds images back, one with a split does not")
  func trainingImages() {
    #expect(Dataset.mnist.expectedTrainingImageCount == 60_000)
    #expect(Dataset.cifar100.expectedTrainingImageCount == 50_000)
    #expect(Dataset.dsprites.expectedTrainingImageCount == 737_280 - 1024)
    #expect(Dataset.heldBackCount(ofTotal: 500) == 50)
  }

  @Test("colour and size of every set")
  func shapes() {
    #expect(
      Dataset.allCases.map { "\($0): \($0.imageShape)" } == [
        "mnist: 28×28×1", "dsprites: 64×64×1", "shapes3d: 64×64×3", "cars3d: 64×64×3",
        "cifar100: 64×64×3", "sprites28: 28×28×1", "sprites64: 64×64×1", "shapes64: 64×64×3",
      ])
    #expect(Dataset.cars3d.imageShape.elementCount == 12_288)
    #expect(Dataset.allCases.filter(\.isProcedural) == [.sprites28, .sprites64, .shapes64])
  }
}
