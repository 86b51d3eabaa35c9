import Autoencoder

/// Sets a network's parameters at the start of a trial.
///
/// Weights and biases are uniform in ±1/√fan-in, element `i` of the flat parameters being
/// `(2·uniform(i) − 1) / √fan-in` in double precision, rounded once, with the initialisation
/// stream of ``RandomStream``; scales of batch norms are 1, their shifts 0. Elements that are not
/// drawn still count in `i`.
package enum ParameterInitialiser {
  /// Overwrites every parameter of a network and notifies it.
  package static func initialise(_ network: Autoencoder, seed: UInt64) {
    let stream = RandomStream(seed: seed, purpose: .initialisation, at: 0)
    let parameters = network.parameters
    for tensor in network.tensors {
      switch tensor.role {
      case .weight, .bias:
        let bound = 1 / Double(tensor.fanIn).squareRoot()
        for index in tensor.range {
          parameters[index] = Float((2 * stream.uniform(index) - 1) * bound)
        }
      case .normScale, .runningVariance:
        for index in tensor.range { parameters[index] = 1 }
      case .normShift, .runningMean:
        for index in tensor.range { parameters[index] = 0 }
      }
    }
    network.parametersChanged()
  }
}
