//! The sample data, carried inside the program so that it runs from anywhere.

use catena::Layout;
use serde::Deserialize;

/// One sample file with what is known about it.
#[derive(Debug)]
pub struct Sample {
    pub file: String,
    pub about: String,
    /// With the fields' names.
    pub named: Layout,
    /// Without them: names are not data, and the other codecs store none.
    pub layout: Layout,
    pub bytes: &'static [u8],
}

const LAYOUTS: &str = include_str!("../../samples/layouts.toml");

const FILES: [(&str, &[u8]); 3] = [
    ("jets.bin", include_bytes!("../../samples/jets.bin")),
    ("tracks.bin", include_bytes!("../../samples/tracks.bin")),
    ("zee.bin", include_bytes!("../../samples/zee.bin")),
];

#[derive(Deserialize)]
struct List {
    sample: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    file: String,
    about: String,
    dtype: String,
}

/// All samples, in the order of `layouts.toml`.
pub fn all() -> Result<Vec<Sample>, String> {
    let list: List = toml::from_str(LAYOUTS).map_err(|e| e.to_string())?;
    let known = |entry: Entry| {
        let found = FILES.iter().find(|(file, _)| *file == entry.file);
        let (_, bytes) =
            found.ok_or_else(|| format!("{} is not part of the program", entry.file))?;
        let wrong = |e: catena::Error| format!("{}: {e}", entry.file);
        let named = Layout::parse(&entry.dtype).map_err(wrong)?;
        let nameless = named.fields().iter().map(|field| field.clone().named(""));
        let layout = Layout::from_fields(nameless).map_err(wrong)?;
        Ok(Sample {
            about: entry.about,
            named,
            layout,
            bytes,
            file: entry.file,
        })
    };
    list.sample.into_iter().map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_its_layout() {
        let samples = all().expect("samples");
        assert_eq!(samples.len(), FILES.len());
        for sample in samples {
            assert_eq!(
                sample.bytes.len() % sample.layout.record_size() as usize,
                0,
                "{}",
                sample.file
            );
        }
    }
}
