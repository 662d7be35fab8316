// Writes the files of this folder with ROOT itself:
//
//     python -c 'import ROOT; ROOT.gROOT.ProcessLine(".x make.C+")'
//
// ROOT 6.40, as the PyPI package `root` has it. Every number follows from its entry, so two runs differ in dates and identifiers alone.

#include <ROOT/RField.hxx>
#include <ROOT/RNTupleModel.hxx>
#include <ROOT/RNTupleWriter.hxx>
#include <ROOT/RNTupleWriteOptions.hxx>
#include <TClonesArray.h>
#include <TFile.h>
#include <TRef.h>
#include <TRefArray.h>
#include <TTree.h>

#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using ROOT::RNTupleModel;
using ROOT::RNTupleWriter;

class Hit : public TObject {
public:
   Float_t fEnergy = 0;
   Int_t fId = 0;
   Double32_t fTime = 0;  //[0,10.22,8]
   Double32_t fPhi = 0;   //[-pi,pi,16]
   Double32_t fWide = 0;  //[-1,1]
   Double32_t fShort = 0; //[0,0,10]
   Double32_t fPlain = 0;
   Float16_t fShare = 0; //[0,1,12]
   Float16_t fHalf = 0;
   void Set(int i)
   {
      fEnergy = 1.5f * i;
      fId = i;
      fTime = std::fmod(0.37 * i, 10.22);
      fPhi = std::sin(0.7 * i) * 3.1;
      fWide = std::cos(1.3 * i);
      fShort = 1.0 / (i + 1);
      fPlain = std::exp(0.1 * i);
      fShare = std::fmod(0.123f * i, 1);
      fHalf = -1.0f / (i + 3);
   }
   ClassDef(Hit, 1)
};

struct Bare {
   Int_t fA = 0;
   std::vector<Float_t> fB;
   std::string fC;
};

class Counted : public TObject {
public:
   Int_t fN = 0;
   Float_t *fValues = nullptr; //[fN]
   Short_t fAfter = 0;
   ClassDef(Counted, 1)
};

class Pointing : public TObject {
public:
   Int_t fBefore = 0;
   Hit *fHit = nullptr;
   Int_t fAfter = 0;
   ClassDef(Pointing, 1)
};

class Referring : public TObject {
public:
   Int_t fBefore = 0;
   TRef fRef;
   TRefArray fRefs;
   Int_t fAfter = 0;
   ClassDef(Referring, 1)
};

struct Base {
   Int_t fBase = 0;
   Float_t fShared = 0;
};

struct Derived : public Base {
   Double_t fOwn = 0;
   std::vector<Bare> fBares;
};

#ifdef __ROOTCLING__
#pragma link C++ class std::vector<Hit>+;
#pragma link C++ class std::vector<Bare>+;
#pragma link C++ class std::map<int, std::string>+;
#endif

void leaves()
{
   TFile file("leaves.root", "RECREATE", "", 505);
   TTree tree("leaves", "leaves of every type");
   Bool_t o;
   Char_t b, text[16];
   UChar_t ub;
   Short_t s;
   UShort_t us;
   Int_t i, n, fixed[2][3];
   UInt_t ui;
   Long64_t l;
   ULong64_t ul;
   Long_t g;
   Float_t f, list[4], f16[3];
   Double_t d, d32[6], packed[2], listed[4];
   struct {
      Float_t x;
      Int_t y;
      Double_t z[2];
   } side;
   tree.Branch("o", &o, "o/O");
   tree.Branch("b", &b, "b/B");
   tree.Branch("ub", &ub, "ub/b");
   tree.Branch("s", &s, "s/S");
   tree.Branch("us", &us, "us/s");
   tree.Branch("i", &i, "i/I");
   tree.Branch("ui", &ui, "ui/i");
   tree.Branch("l", &l, "l/L");
   tree.Branch("ul", &ul, "ul/l");
   tree.Branch("g", &g, "g/G");
   tree.Branch("f", &f, "f/F");
   tree.Branch("d", &d, "d/D");
   tree.Branch("text", text, "text/C");
   tree.Branch("fixed", fixed, "fixed[2][3]/I");
   tree.Branch("n", &n, "n/I");
   tree.Branch("list", list, "list[n]/F");
   tree.Branch("listed", listed, "listed[n]/d[0,10,9]");
   tree.Branch("d32_plain", &d32[0], "d32_plain/d");
   tree.Branch("d32_8", &d32[1], "d32_8/d[0,10.22,8]");
   tree.Branch("d32_pi", &d32[2], "d32_pi/d[-pi,pi,16]");
   tree.Branch("d32_32", &d32[3], "d32_32/d[-1,1]");
   tree.Branch("d32_short", &d32[4], "d32_short/d[0,0,10]");
   tree.Branch("d32_long", &d32[5], "d32_long/d[-3,7.7,31]");
   tree.Branch("packed", packed, "packed[2]/d[0,1,20]");
   tree.Branch("f16", &f16[0], "f16/f");
   tree.Branch("f16_12", &f16[1], "f16_12/f[0,1,12]");
   tree.Branch("f16_short", &f16[2], "f16_short/f[0,0,9]");
   tree.Branch("side", &side, "x/F:y/I:z[2]/D");
   for (int e = 0; e < 12; ++e) {
      o = e % 3 == 0;
      b = e - 6;
      ub = 250 + e;
      s = -1000 * e;
      us = 65000 + e;
      i = -100000 * e;
      ui = 4000000000u + e;
      l = -(1ll << 60) - e;
      ul = (1ull << 63) + e;
      g = e * (1ll << 40);
      f = std::sqrt(float(e));
      d = std::sqrt(double(e));
      snprintf(text, sizeof text, "%.*s", e, "abcdefghijklmn");
      for (int k = 0; k < 6; ++k)
         fixed[k / 3][k % 3] = 10 * e + k;
      n = e % 4;
      for (int k = 0; k < 4; ++k) {
         list[k] = e + 0.25f * k;
         listed[k] = std::fmod(0.91 * (e + k), 10);
      }
      d32[0] = std::exp(0.3 * e);
      d32[1] = std::fmod(0.37 * e, 10.22);
      d32[2] = 3.1 * std::sin(e);
      d32[3] = std::cos(e);
      d32[4] = 1.0 / (e + 1);
      d32[5] = -3 + 0.9 * e;
      packed[0] = e / 12.0;
      packed[1] = 1 - e / 13.0;
      f16[0] = -1.0f / (e + 3);
      f16[1] = e / 12.0f;
      f16[2] = std::exp(-0.2f * e);
      side = {0.5f * e, e, {1.0 * e, -1.0 * e}};
      tree.Fill();
   }
   tree.Write();

   // Not an entry: lists, texts, objects.
   TTree empty("empty", "no entries");
   std::vector<float> floats;
   std::vector<std::string> texts;
   std::string string;
   std::vector<Bare> bares;
   empty.Branch("n", &n, "n/I");
   empty.Branch("list", list, "list[n]/F");
   empty.Branch("text", text, "text/C");
   empty.Branch("floats", &floats);
   empty.Branch("texts", &texts);
   empty.Branch("string", &string);
   empty.Branch("bares", &bares);
   empty.Branch("d", &d, "d/D");
   empty.Write();

   // Two cycles of one name, a branch that came late, a shorter tree, and names that need care.
   TTree cycles("cycles", "written twice");
   cycles.Branch("i", &i, "i/I");
   for (i = 0; i < 3; ++i)
      cycles.Fill();
   cycles.Write();
   for (i = 3; i < 5; ++i)
      cycles.Fill();
   cycles.Write();
   TTree names("names", "");
   names.Branch("a/b", &i, "i/I");
   names.Branch("index", &i, "i/I");
   names.Branch("twice", &i, "i/I");
   names.Branch("twice", &d, "d/D");
   for (i = 0; i < 4; ++i) {
      d = 0.5 * i;
      names.Fill();
   }
   names.Write();
}

void objects()
{
   TFile file("objects.root", "RECREATE", "", 101);
   TTree tree("objects", "objects, split and not");
   Hit hit;
   auto *unsplit = new Hit, *split = new Hit;
   auto *counted = new Counted;
   auto *pointing = new Pointing;
   auto *referring = new Referring;
   auto *clones = new TClonesArray("Hit"), *whole = new TClonesArray("Hit");
   auto *vector = new std::vector<Hit>, *plain = new std::vector<Hit>;
   auto *bares = new std::vector<Bare>;
   auto *bare = new Bare;
   auto *map = new std::map<int, std::string>;
   auto *ref = new TRef;
   auto *refs = new TRefArray;
   tree.Branch("unsplit", &unsplit, 32000, 0);
   tree.Branch("split.", &split, 32000, 99);
   tree.Branch("counted", &counted, 32000, 0);
   tree.Branch("counted_split.", &counted, 32000, 99);
   tree.Branch("pointing", &pointing, 32000, 0);
   tree.Branch("referring", &referring, 32000, 0);
   tree.Branch("referring_split.", &referring, 32000, 99);
   tree.Branch("clones", &clones, 32000, 99);
   tree.Branch("whole", &whole, 32000, 0);
   tree.Branch("vector", &vector, 32000, 99);
   tree.Branch("plain", &plain, 32000, 0);
   tree.Branch("bares", &bares, 32000, 0);
   tree.Branch("bare.", &bare, 32000, 99);
   tree.Branch("map", &map, 32000, 0);
   tree.Branch("ref", &ref, 32000, 0);
   tree.Branch("refs", &refs, 32000, 0);
   for (int e = 0; e < 6; ++e) {
      unsplit->Set(e);
      split->Set(10 + e);
      pointing->fBefore = e;
      pointing->fAfter = -e;
      delete pointing->fHit;
      pointing->fHit = nullptr;
      if (e % 2) {
         pointing->fHit = new Hit;
         pointing->fHit->Set(e);
      }
      delete[] counted->fValues;
      counted->fN = e % 3;
      counted->fValues = counted->fN ? new Float_t[counted->fN] : nullptr;
      for (int k = 0; k < counted->fN; ++k)
         counted->fValues[k] = e + 0.5f * k;
      counted->fAfter = 100 + e;
      clones->Clear();
      whole->Clear();
      vector->clear();
      plain->clear();
      bares->clear();
      map->clear();
      refs->Clear();
      for (int k = 0; k < e % 4; ++k) {
         static_cast<Hit *>(clones->ConstructedAt(k))->Set(e + k);
         static_cast<Hit *>(whole->ConstructedAt(k))->Set(e - k);
         hit.Set(2 * e + k);
         vector->push_back(hit);
         hit.Set(3 * e + k);
         plain->push_back(hit);
         bares->push_back({e, std::vector<Float_t>(k, e), std::string(k, 'x')});
         (*map)[k] = std::string(e, 'y');
      }
      // From the third entry on, objects are referred to: their headers are longer.
      referring->fBefore = e;
      referring->fAfter = -e;
      referring->fRefs.Clear();
      referring->fRef = nullptr;
      *ref = nullptr;
      if (e >= 2) {
         *ref = unsplit;
         referring->fRef = split;
         refs->Add(unsplit);
         refs->Add(split);
         referring->fRefs.Add(unsplit);
         if (clones->GetEntries() > 1) {
            referring->fRefs.Add(clones->At(1));
            refs->Add(whole->At(0));
         }
      }
      *bare = {e, {1.0f * e, 2}, std::string(e, 'z')};
      tree.Fill();
   }
   tree.Write();
}

void ntuples()
{
   TFile file("ntuples.root", "RECREATE", "", 505);
   {
      auto model = RNTupleModel::Create();
      auto i = model->MakeField<std::int32_t>("i");
      auto floats = model->MakeField<std::vector<float>>("floats");
      auto variant = model->MakeField<std::variant<std::int32_t, std::string>>("variant");
      auto optional = model->MakeField<std::optional<double>>("optional");
      auto unique = model->MakeField<std::unique_ptr<std::string>>("unique");
      auto derived = model->MakeField<Derived>("derived");
      auto pair = model->MakeField<std::pair<float, std::string>>("pair");
      auto array = model->MakeField<std::array<std::int16_t, 3>>("array");
      auto truncated = std::make_unique<ROOT::RField<float>>("truncated");
      truncated->SetTruncated(20);
      model->AddField(std::move(truncated));
      auto quantised = std::make_unique<ROOT::RField<double>>("quantised");
      quantised->SetQuantized(-1, 1, 12);
      model->AddField(std::move(quantised));
      auto half = std::make_unique<ROOT::RField<float>>("half");
      half->SetHalfPrecision();
      model->AddField(std::move(half));
      model->AddProjectedField(
         std::make_unique<ROOT::RField<std::vector<float>>>("projected"), [](const std::string &name) {
            return name == "projected" ? std::string("floats") : std::string("floats._0");
         });
      auto writer = RNTupleWriter::Append(std::move(model), "ntuple", file);
      std::shared_ptr<std::vector<std::string>> texts;
      std::shared_ptr<double> late;
      std::shared_ptr<std::vector<std::int64_t>> lists;
      std::shared_ptr<std::variant<float, std::int64_t>> choice;
      std::shared_ptr<std::optional<float>> maybe;
      std::shared_ptr<Bare> bare;
      std::shared_ptr<std::array<float, 2>> fixed;
      auto &entry = writer->GetModel().GetDefaultEntry();
      auto t = entry.GetPtr<float>("truncated");
      auto q = entry.GetPtr<double>("quantised");
      auto h = entry.GetPtr<float>("half");
      for (int e = 0; e < 10; ++e) {
         if (e == 3)
            writer->CommitCluster();
         if (e == 5) {
            auto updater = writer->CreateModelUpdater();
            updater->BeginUpdate();
            late = updater->MakeField<double>("late");
            texts = updater->MakeField<std::vector<std::string>>("texts");
            lists = updater->MakeField<std::vector<std::int64_t>>("lists");
            choice = updater->MakeField<std::variant<float, std::int64_t>>("choice");
            maybe = updater->MakeField<std::optional<float>>("maybe");
            bare = updater->MakeField<Bare>("bare");
            fixed = updater->MakeField<std::array<float, 2>>("fixed");
            updater->CommitUpdate();
         }
         *i = e;
         floats->assign(e % 3, 0.5f * e);
         if (e % 3 == 0)
            *variant = e;
         else
            *variant = std::string(e, 'v');
         *optional = e % 2 ? std::optional<double>(0.1 * e) : std::nullopt;
         *unique = e % 4 ? std::make_unique<std::string>(e, 'u') : nullptr;
         derived->fBase = e;
         derived->fShared = 0.5f * e;
         derived->fOwn = std::sqrt(e);
         derived->fBares.assign(e % 2, Bare{e, {1.0f, 2.0f}, "b"});
         *pair = {1.5f * e, std::string(e % 2, 'p')};
         *array = {std::int16_t(e), std::int16_t(-e), 7};
         *t = 1.0f / (e + 1);
         *q = std::sin(e);
         *h = 0.1f * e;
         if (e >= 5) {
            *late = 2.5 * e;
            texts->assign(e % 3, "late");
            lists->assign(e % 2, -e);
            if (e % 2)
               *choice = std::int64_t(e);
            else
               *choice = 0.5f * e;
            *maybe = e % 2 ? std::optional<float>(e) : std::nullopt;
            *bare = {e, {0.5f}, "late"};
            *fixed = {1.0f * e, 2.0f * e};
         }
         writer->Fill();
      }
   }
   {
      auto model = RNTupleModel::Create();
      model->MakeField<std::vector<float>>("floats");
      model->MakeField<std::string>("text");
      model->MakeField<double>("d");
      auto writer = RNTupleWriter::Append(std::move(model), "nothing", file);
   }
}

void make()
{
   leaves();
   objects();
   ntuples();
}
