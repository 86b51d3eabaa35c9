import Digests

/// The addresses, sizes and checksums of every data set's published files.
///
/// Sizes and SHA-256 are those of the catalogue of TensorFlow Datasets (`url_checksums`), MD5 that
/// of disent, where no SHA-256 is published. Label files are not listed, because
/// they are not used.
package enum PublishedData {
  /// The files of the data set with this name; nil if it is not published.
  package static func files(of dataset: String) -> [PublishedFile]? {
    sets.first { $0.dataset == dataset }?.files
  }

  /// The names of all published data sets.
  package static var datasets: [String] { sets.map(\.dataset) }

  private static let sets: [(dataset: String, files: [PublishedFile])] = [
    (
      "mnist",
      [
        file(
          "train-images-idx3-ubyte.gz", in: mnistFolders, 9_912_422,
          sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        file(
          "t10k-images-idx3-ubyte.gz", in: mnistFolders, 1_648_877,
          sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
      ]
    ),
    (
      "fashion-mnist",
      [
        file(
          "train-images-idx3-ubyte.gz", in: fashionFolders, 26_421_880,
          sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        file(
          "t10k-images-idx3-ubyte.gz", in: fashionFolders, 4_422_102,
          sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
      ]
    ),
    (
      "dsprites",
      [
        file(
          "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.hdf5",
          in: ["https://github.com/google-deepmind/dsprites-dataset/raw/master/"], 28_024_106,
          sha256: "729fa22e884c9c500e1f17415d580746b4c5894fbbb780a1319bbcfa39a745bb")
      ]
    ),
    (
      "shapes3d",
      [
        file(
          "3dshapes.h5", in: ["https://storage.googleapis.com/3d-shapes/"], 267_573_662,
          sha256: "0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785")
      ]
    ),
    (
      "cars3d",
      [
        file(
          "nips2015-analogy-data.tar.gz", in: ["http://www.scottreed.info/files/"], nil,
          md5: "4e866a7919c1beedf53964e6f7a23686")
      ]
    ),
    (
      "cifar100",
      [
        file(
          "cifar-100-binary.tar.gz", in: ["https://www.cs.toronto.edu/~kriz/"], 168_513_733,
          sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec")
      ]
    ),
  ]

  private static let mnistFolders = [
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
  ]
  private static let fashionFolders = [
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
  ]

  private static func file(
    _ name: String, in folders: [String], _ byteCount: Int?, sha256: String
  ) -> PublishedFile {
    guard let digest = Digest(hexadecimal: sha256) else {
      preconditionFailure("\(name): \(sha256) has not the form of a SHA-256")
    }
    return PublishedFile(
      name: name, addresses: folders.map { $0 + name }, byteCount: byteCount,
      checksum: .sha256(digest))
  }

  private static func file(
    _ name: String, in folders: [String], _ byteCount: Int?, md5: String
  ) -> PublishedFile {
    PublishedFile(
      name: name, addresses: folders.map { $0 + name }, byteCount: byteCount, checksum: .md5(md5))
  }
}
