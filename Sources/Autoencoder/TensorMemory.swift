import Primitives

/// Pointers to a trained tensor's values and gradient.
struct TrainedTensor {
  /// In the flat array of parameters.
  let value: UnsafeMutablePointer<Float>
  /// In the flat array of gradients.
  let gradient: UnsafeMutablePointer<Float>
}

/// The flat arrays of a network's tensors, with lookup by name.
final class TensorMemory {
  /// The declared tensors.
  let list: TensorList
  /// Every trained scalar.
  let parameters: AlignedBuffer<Float>
  /// The gradient of every trained scalar.
  let gradients: AlignedBuffer<Float>
  /// Every running mean and variance.
  let statistics: AlignedBuffer<Float>

  /// Allocates zero parameters and gradients, running means 0 and running variances 1.
  init(list: TensorList) {
    self.list = list
    parameters = AlignedBuffer(count: list.trainedCount)
    gradients = AlignedBuffer(count: list.trainedCount)
    statistics = AlignedBuffer(count: list.statisticsCount)
    for variance in list.statistics where variance.role == .runningVariance {
      for index in variance.range { statistics.elements[index] = 1 }
    }
  }

  /// The trained tensor called `name`, which must be declared.
  func trained(_ name: String) -> TrainedTensor {
    let offset = offset(of: name, in: list.trained)
    return TrainedTensor(value: parameters.start + offset, gradient: gradients.start + offset)
  }

  /// The running statistic called `name`, which must be declared.
  func statistic(_ name: String) -> UnsafeMutablePointer<Float> {
    statistics.start + offset(of: name, in: list.statistics)
  }

  private func offset(of name: String, in tensors: [TensorDescriptor]) -> Int {
    guard let tensor = tensors.first(where: { $0.name == name }) else {
      preconditionFailure("the network declares a tensor \(name)")
    }
    return tensor.offset
  }
}
