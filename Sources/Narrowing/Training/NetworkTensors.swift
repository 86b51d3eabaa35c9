import Autoencoder
import TensorFiles

/// A network's flat arrays as named tensors.
enum NetworkTensors {
  /// Every trained tensor, then every running statistic.
  static func all(of network: Autoencoder) -> [Safetensors.Tensor] {
    named(network.tensors, in: network.parameters)
      + named(network.statistics, in: network.runningStatistics)
  }

  /// The tensors of a flat array, each name with a prefix.
  static func named(
    _ descriptors: [TensorDescriptor], in values: UnsafeMutableBufferPointer<Float>,
    prefix: String = ""
  ) -> [Safetensors.Tensor] {
    descriptors.map { descriptor in
      Safetensors.Tensor(
        name: prefix + descriptor.name, shape: descriptor.shape,
        elements: UnsafeBufferPointer(rebasing: values[descriptor.range]))
    }
  }
}
