import Digests
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
        "mnist: 28×28×1", "fashionMNIST: 28×28×1", "dsprites: 64×64×1", "shapes3d: 64×64×3",
        "cars3d: 64×64×3",
        "cifar100: 64×64×3", "sprites28: 28×28×1", "sprites64: 64×64×1", "shapes64: 64×64×3",
      ])
    #expect(Dataset.cars3d.imageShape.elementCount == 12_288)
    #expect(Dataset.allCases.filter(\.isProcedural) == [.sprites28, .sprites64, .shapes64])
  }

  @Test("every set is found by the text that configurations have for it")
  func rawValues() throws {
    #expect(Set(Dataset.allCases.map(\.rawValue)).count == Dataset.allCases.count)
    for dataset in Dataset.allCases {
      #expect(Dataset(rawValue: dataset.rawValue) == dataset)
      #expect(dataset.rawValue == dataset.name)
    }
    let own = try #require(Dataset(rawValue: "cells-2@64x64x3"))
    #expect(own.name == "cells-2" && own.rawValue == "cells-2@64x64x3")
    #expect(own.imageShape == ImageShape(channels: 3, height: 64, width: 64))
  }

  @Test(
    "invalid names and shapes of a user's set",
    arguments: [
      "", "@", "cells", "cells@", "cells@64x64", "cells@28x28x3", "cells@64x64x4", "@28x28x1",
      "mnist@28x28x1", "Cells@28x28x1", "a/b@28x28x1", "../a@28x28x1", "a.b@28x28x1", "-a@28x28x1",
      "1a@28x28x1", "a\"b@28x28x1", "a@b@28x28x1", "ä@28x28x1", "a@28x28x1\n",
      String(repeating: "a", count: 41) + "@28x28x1",
    ])
  func notOwn(text: String) {
    #expect(Dataset(rawValue: text) == nil)
  }

  @Test("a part of a published set is described in the set's own units")
  func shares() throws {
    #expect(Dataset.cars3d.share(ofImages: 3840) == "40 of 183 cars")
    #expect(Dataset.cars3d.share(ofImages: 3841) == "3,841 of 17,568 images")
    #expect(Dataset.cars3d.share(ofImages: 17_568) == nil)
    #expect(Dataset.dsprites.share(ofImages: 64_834) == "64,834 of 737,280 images")
    #expect(Dataset.mnist.share(ofImages: 7) == "7 of 70,000 images")
    #expect(Dataset.cifar100.share(ofImages: 60_000) == nil)
    #expect(
      Dataset.mnist.share(ofImages: 1_000_000) == "1,000,000 images, 70,000 are published")
    #expect(
      Dataset.mnist.remark(imageCount: 70_000, archive: Digest.of("fashion"))
        == "not the published images")
    #expect(Dataset.mnist.remark(imageCount: 70_000) == nil)
    #expect(Dataset.mnist.remark(imageCount: 7, archive: Digest.of("few")) == "7 of 70,000 images")
    #expect(try #require(Dataset(rawValue: "a@28x28x1")).share(ofImages: 1) == nil)
  }
}
