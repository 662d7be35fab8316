//! The reference's network: a decoder-only transformer over bytes.
//!
//! Shapes are written `[windows, bytes, width]`. Invariant: what [`Network::forward`] gives for a
//! byte depends on the bytes before it alone, and not on how many bytes are given at a time, but
//! for the order of sums.

use anyhow::{Result, ensure};
use candle_core::{D, Device, Tensor, Var};
use candle_nn::ops::{layer_norm_slow, softmax};

use catena_train::random::Random;

/// Embedding tables.
const TABLES: usize = 4;
/// Deviation of the first weights, as in GPT-2.
const DEVIATION: f64 = 0.02;
/// Row of the embedding that stands before the first byte of a window.
const START: u32 = (TABLES * 256) as u32;
const EPSILON: f32 = 1e-5;

/// How a byte's embedding table is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// By its position in the stream mod 4, as the original does. Where a record is no multiple of
    /// four bytes, this names the wrong byte.
    Stream,
    /// By its position in its record mod 4; and the position of the byte that comes next is told by
    /// a vector of its own.
    Record,
}

/// The architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Width of the residual stream, a multiple of `heads`.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Blocks.
    pub blocks: usize,
    /// Bytes that see one another.
    pub window: usize,
    /// How bytes are embedded.
    pub tables: Tables,
}

/// Bytes as the network reads them.
#[derive(Debug)]
pub struct Input {
    /// `[windows, bytes]`, rows of the embedding: of the byte before each.
    tokens: Tensor,
    /// `[windows, bytes]`: positions in the record, if they are told.
    places: Option<Tensor>,
}

impl Input {
    /// `n` bytes of every window, from the byte `at` on.
    ///
    /// # Errors
    /// More bytes than there are.
    #[cfg(test)]
    pub fn narrow(&self, at: usize, n: usize) -> Result<Self> {
        let narrow = |rows: &Tensor| rows.narrow(1, at, n)?.contiguous();
        Ok(Input {
            tokens: narrow(&self.tokens)?,
            places: self.places.as_ref().map(narrow).transpose()?,
        })
    }
}

/// Keys and values of the bytes of a window that are known, block by block:
/// `[windows, heads, bytes, width of a head]`.
#[derive(Clone, Debug, Default)]
pub struct Cache(Vec<(Tensor, Tensor)>);

impl Cache {
    /// Bytes known.
    fn len(&self) -> Result<usize> {
        Ok(match self.0.first() {
            Some((keys, _)) => keys.dim(2)?,
            None => 0,
        })
    }
}

/// A scale and a shift.
#[derive(Debug)]
struct Norm {
    scale: Var,
    shift: Var,
}

/// `[outputs, inputs]` and `[outputs]`.
#[derive(Debug)]
struct Linear {
    weight: Var,
    bias: Var,
}

#[derive(Debug)]
struct Block {
    attention_norm: Norm,
    qkv: Linear,
    out: Linear,
    forward_norm: Norm,
    up: Linear,
    down: Linear,
}

/// The network.
#[derive(Debug)]
pub struct Network {
    shape: Shape,
    record: usize,
    /// `[4 * 256 + 1, width]`.
    embedding: Var,
    /// `[window, width]`.
    positions: Var,
    /// `[record, width]`.
    places: Option<Var>,
    blocks: Vec<Block>,
    norm: Norm,
    head: Linear,
    named: Vec<(String, Var)>,
}

/// Makes variables and keeps their names.
struct Maker<'a> {
    random: &'a mut Random,
    device: &'a Device,
    named: Vec<(String, Var)>,
}

impl Maker<'_> {
    fn keep(&mut self, name: String, var: Var) -> Var {
        self.named.push((name, var.clone()));
        var
    }

    fn matrix(&mut self, name: &str, rows: usize, cols: usize, deviation: f64) -> Result<Var> {
        let var = self.random.variable((rows, cols), deviation, self.device)?;
        Ok(self.keep(name.into(), var))
    }

    fn vector(&mut self, name: String, n: usize, value: f32) -> Result<Var> {
        let var = Var::from_tensor(&Tensor::full(value, n, self.device)?.contiguous()?)?;
        Ok(self.keep(name, var))
    }

    fn linear(&mut self, name: &str, from: usize, to: usize, deviation: f64) -> Result<Linear> {
        Ok(Linear {
            weight: self.matrix(&format!("{name}.weight"), to, from, deviation)?,
            bias: self.vector(format!("{name}.bias"), to, 0.0)?,
        })
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<Norm> {
        Ok(Norm {
            scale: self.vector(format!("{name}.scale"), width, 1.0)?,
            shift: self.vector(format!("{name}.shift"), width, 0.0)?,
        })
    }
}

impl Norm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(layer_norm_slow(x, &self.scale, &self.shift, EPSILON)?)
    }
}

impl Linear {
    /// `[windows, bytes, inputs]` to `[windows, bytes, outputs]`.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (windows, bytes, inputs) = x.dims3()?;
        let flat = x.reshape((windows * bytes, inputs))?;
        let y = flat.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)?;
        Ok(y.reshape((windows, bytes, ()))?)
    }
}

impl Network {
    /// A network with random weights for records of `record` bytes.
    ///
    /// # Errors
    /// A shape that holds nothing or whose heads do not divide its width; those of candle.
    pub fn new(shape: Shape, record: usize, random: &mut Random, device: &Device) -> Result<Self> {
        let (d, heads) = (shape.width, shape.heads);
        ensure!(
            heads > 0 && d > 0 && d.is_multiple_of(heads),
            "{heads} heads cannot share a width of {d}"
        );
        ensure!(
            shape.blocks > 0 && shape.window > 0,
            "a network of no blocks or no window"
        );
        ensure!(record > 0, "a record of 0 bytes");
        let named = Vec::new();
        let mut make = Maker {
            random,
            device,
            named,
        };
        // Each block adds to the stream twice.
        let residual = DEVIATION / ((2 * shape.blocks) as f64).sqrt();
        let embedding = make.matrix("embedding", TABLES * 256 + 1, d, DEVIATION)?;
        let positions = make.matrix("positions", shape.window, d, DEVIATION)?;
        let places = match shape.tables {
            Tables::Stream => None,
            Tables::Record => Some(make.matrix("places", record, d, DEVIATION)?),
        };
        let mut blocks = Vec::new();
        for i in 0..shape.blocks {
            blocks.push(Block {
                attention_norm: make.norm(&format!("block{i}.attention_norm"), d)?,
                qkv: make.linear(&format!("block{i}.qkv"), d, 3 * d, DEVIATION)?,
                out: make.linear(&format!("block{i}.out"), d, d, residual)?,
                forward_norm: make.norm(&format!("block{i}.forward_norm"), d)?,
                up: make.linear(&format!("block{i}.up"), d, 4 * d, DEVIATION)?,
                down: make.linear(&format!("block{i}.down"), 4 * d, d, residual)?,
            });
        }
        let norm = make.norm("norm", d)?;
        let head = make.linear("head", d, 256, DEVIATION)?;
        Ok(Network {
            named: make.named,
            shape,
            record,
            embedding,
            positions,
            places,
            blocks,
            norm,
            head,
        })
    }

    /// The architecture.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// All variables and their names.
    pub fn vars(&self) -> Vec<(String, Var)> {
        self.named.clone()
    }

    /// Windows of `n` bytes of `data` from the places `starts` on, whose first byte stands at
    /// `offset` of the whole.
    ///
    /// # Errors
    /// A window that ends past the data; those of candle.
    pub fn input(&self, data: &[u8], offset: usize, starts: &[usize], n: usize) -> Result<Input> {
        let (mut tokens, mut places) = (Vec::new(), Vec::new());
        for &start in starts {
            ensure!(start + n <= data.len(), "a window ends past the data");
            for i in start..start + n {
                tokens.push(match i.checked_sub(1) {
                    Some(before) if i > start => self.token(data[before], offset + before),
                    _ => START,
                });
                places.push(((offset + i) % self.record) as u32);
            }
        }
        let device = self.embedding.device();
        let tensor = |rows| Tensor::from_vec(rows, (starts.len(), n), device);
        Ok(Input {
            tokens: tensor(tokens)?,
            places: self.places.is_some().then(|| tensor(places)).transpose()?,
        })
    }

    /// The embedding's row for a byte at a position of the whole.
    fn token(&self, byte: u8, position: usize) -> u32 {
        let table = match self.shape.tables {
            Tables::Stream => position % TABLES,
            Tables::Record => position % self.record % TABLES,
        };
        (table * 256) as u32 + u32::from(byte)
    }

    /// Logits of the bytes, `[windows, bytes, 256]`, and their keys and values into the cache. With
    /// an empty cache the input is the beginning of the windows, else it goes on where the cache
    /// ends.
    ///
    /// # Errors
    /// More bytes than the window has; those of candle.
    pub fn forward(&self, input: &Input, cache: &mut Cache) -> Result<Tensor> {
        let (windows, n) = input.tokens.dims2()?;
        let known = cache.len()?;
        ensure!(
            known + n <= self.shape.window,
            "{known} and {n} bytes are more than the window's {}",
            self.shape.window
        );
        let rows = |table: &Tensor, rows: &Tensor| -> Result<Tensor> {
            let rows = table.index_select(&rows.flatten_all()?, 0)?;
            Ok(rows.reshape((windows, n, self.shape.width))?)
        };
        let mut x = rows(&self.embedding, &input.tokens)?
            .broadcast_add(&self.positions.narrow(0, known, n)?)?;
        if let (Some(table), Some(places)) = (&self.places, &input.places) {
            x = (x + rows(table, places)?)?;
        }
        let mask = self.mask(known, n)?;
        for (i, block) in self.blocks.iter().enumerate() {
            let qkv = block.qkv.forward(&block.attention_norm.forward(&x)?)?;
            let o = self.attention(&qkv, mask.as_ref(), cache, i)?;
            x = (x + block.out.forward(&o)?)?;
            let up = block.up.forward(&block.forward_norm.forward(&x)?)?;
            x = (x + block.down.forward(&up.gelu()?)?)?;
        }
        self.head.forward(&self.norm.forward(&x)?)
    }

    /// `[n, known + n]`: nothing where a byte may look, minus infinity where it may not; none if a
    /// single byte asks.
    fn mask(&self, known: usize, n: usize) -> Result<Option<Tensor>> {
        if n == 1 {
            return Ok(None);
        }
        let all = known + n;
        let row = |i: usize| {
            (0..all).map(move |j| {
                if j > known + i {
                    f32::NEG_INFINITY
                } else {
                    0.0
                }
            })
        };
        let mask: Vec<f32> = (0..n).flat_map(row).collect();
        Ok(Some(Tensor::from_vec(
            mask,
            (n, all),
            self.embedding.device(),
        )?))
    }

    fn attention(
        &self,
        qkv: &Tensor,
        mask: Option<&Tensor>,
        cache: &mut Cache,
        block: usize,
    ) -> Result<Tensor> {
        let (windows, n, _) = qkv.dims3()?;
        let (d, heads) = (self.shape.width, self.shape.heads);
        let third = |i: usize| -> Result<Tensor> {
            let part = qkv.narrow(D::Minus1, i * d, d)?;
            let part = part.reshape((windows, n, heads, d / heads))?;
            Ok(part.transpose(1, 2)?.contiguous()?)
        };
        let (q, mut k, mut v) = (third(0)?, third(1)?, third(2)?);
        if let Some((keys, values)) = cache.0.get_mut(block) {
            k = Tensor::cat(&[&*keys, &k], 2)?;
            v = Tensor::cat(&[&*values, &v], 2)?;
            (*keys, *values) = (k.clone(), v.clone());
        } else {
            cache.0.push((k.clone(), v.clone()));
        }
        let scale = 1.0 / ((d / heads) as f64).sqrt();
        let mut scores = (q.matmul(&k.t()?.contiguous()?)? * scale)?;
        if let Some(mask) = mask {
            scores = scores.broadcast_add(mask)?;
        }
        let o = softmax(&scores, D::Minus1)?.matmul(&v)?;
        Ok(o.transpose(1, 2)?.reshape((windows, n, d))?)
    }
}
