//! A network of one hidden layer, small enough to be built in: inputs -> ReLU -> sigmoids.
//!
//! Invariant: f32 with + - * / and sqrt alone, in the order of the weights, without fused products,
//! so that every machine computes the same bits. `catena-train` has the training.

/// Numbers of a network: hidden weights (row by neuron), hidden biases, output weights (row by
/// output), output biases.
pub const fn weights(inputs: usize, hidden: usize, outputs: usize) -> usize {
    hidden * inputs + hidden + outputs * hidden + outputs
}

/// The outputs, each in 0 to 1, of the network with these numbers ([`weights`] of them).
pub fn forward<const INPUTS: usize, const HIDDEN: usize, const OUTPUTS: usize>(
    numbers: &[f32],
    inputs: &[f32; INPUTS],
) -> [f32; OUTPUTS] {
    debug_assert_eq!(numbers.len(), weights(INPUTS, HIDDEN, OUTPUTS));
    let (rows, rest) = numbers.split_at(HIDDEN * INPUTS);
    let (biases, rest) = rest.split_at(HIDDEN);
    let (output_rows, output_biases) = rest.split_at(OUTPUTS * HIDDEN);
    let mut sums = [0.0; OUTPUTS];
    sums.copy_from_slice(output_biases);
    for (neuron, row) in rows.chunks_exact(INPUTS).enumerate() {
        let mut x = biases[neuron];
        for (weight, input) in row.iter().zip(inputs) {
            x += weight * input;
        }
        if x > 0.0 {
            for (sum, row) in sums.iter_mut().zip(output_rows.chunks_exact(HIDDEN)) {
                *sum += row[neuron] * x;
            }
        }
    }
    sums.map(sigmoid)
}

/// 0.5 + h / (2 sqrt(1 + h^2)) with h = x / 2: the logistic function's value and slope at 0,
/// without an exponential.
pub fn sigmoid(x: f32) -> f32 {
    let h = x.clamp(-1e6, 1e6) * 0.5;
    0.5 + 0.5 * (h / (1.0 + h * h).sqrt())
}

/// The numbers in a built-in file of little-endian f32.
pub fn read<const N: usize>(bytes: &[u8]) -> [f32; N] {
    let mut numbers = [0.0; N];
    let (words, _) = bytes.as_chunks::<4>();
    for (number, word) in numbers.iter_mut().zip(words) {
        *number = f32::from_le_bytes(*word);
    }
    numbers
}
