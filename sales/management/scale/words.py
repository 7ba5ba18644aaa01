"""What the names of a million collectibles are made of. The first words are the most frequent."""

import random


def _listed(text: str) -> list[str]:
    return [" ".join(word.split()) for word in text.split(",")]


MAKERS = _listed("""
    Pokémon, Magic, LEGO, Marvel, Star Wars, Yu-Gi-Oh!, Hot Wheels, Barbie, Disney, Topps,
    Panini, Märklin, Steiff, Swarovski, Schuco, Hasbro, Bandai, Corgi, Dinky, Matchbox,
    Playmobil, Funko, Hergé, Astérix, Lladró, Hummel, Rosenthal, Wedgwood, Royal Copenhagen,
    Björn Wiinblad, Omega, Zippo, Leica, Rolleiflex, Nikon, Blue Note, Deutsche Grammophon,
    Motown, Parlophone, Harmonia Mundi, Verve, Impulse, Stax, Chess Records, Münze Österreich,
    Royal Mint, Perth Mint, Monnaie de Paris, Casa de Moneda, Franklin Mint, Lalique, Baccarat,
    Daum, Gallé, Moser, Iittala, Arabia, Gustavsberg, Rörstrand, Sèvres, Limoges, Meissen,
    Nymphenburg, Fürstenberg, Delft, Majolika, Capodimonte, Herend, Zsolnay, Piko, Fleischmann,
    Hornby, Bassett-Lowke, Lionel, Bing, Carette, Günthermann, Lehmann, Tipp & Co, Biller, Gama,
    Distler, Kellermann, Arnold, Köhler, Schreyer, Käthe Kruse, Simon & Halbig, Jumeau, Bru,
    Lenci, Sasha, Madame Alexander, Effanbee, Ideal, Horsman, Kewpie
""")

SUBJECTS = _listed("""
    Dragon, Knight, Angel, Falcon, Wizard, Tiger, Rose, Castle, Phoenix, Samurai, Galaxy,
    Pirate, Wolf, Express, Explorer, Spider, Crown, Eagle, Garden, Dancer, Harbour, Lighthouse,
    Racer, Robot, Serpent, Unicorn, Voyager, Warrior, Zeppelin, Butterfly, Carousel, Elephant,
    Emperor, Fountain, Guardian, Hunter, Island, Jester, Lantern, Mermaid, Nightingale, Oracle,
    Panther, Queen, Raven, Shepherd, Thunder, Umbrella, Vagabond, Windmill, Ballerina, Café,
    Château, Fée, Élan, Niño, Señorita, Garçon, Façade, Zürich, Köln, São Paulo, Málaga, Kraków,
    Łódź, Dvořák, Ångström, Fjörd, Açaí, Gâteau, Noël, Naïve, Crème, Soirée, Über, Drücke,
    Blüte, Frühling, Schloß, Mädchen, Jäger, Alchemist, Bumblebee, Cathedral, Dromedary,
    Equinox, Firefly, Gondola, Hourglass, Ibis, Juniper, Kingfisher, Labyrinth, Marionette,
    Nautilus, Obelisk, Pegasus, Quetzal, Rhapsody, Sphinx, Toreador, Ukulele, Valkyrie, Wyvern,
    Xylophone, Yggdrasil, Zodiac, Astrolabe, Barometer, Chrysanthemum, Daguerreotype, Escapement
""")

QUALITIES = _listed("""
    limited, first edition, signed, unlimited, holo, promo, graded, vintage, restored,
    anniversary, numbered, boxed, misprint, sealed, proof, prototype, hand-painted, re-issue,
    export, collector’s, miniature, gilded, silver, bronze, jubilee, travelling, display,
    factory, uncut, unused, cancelled, overprinted, double-struck, enamelled, lithographed,
    clockwork, embroidered, engraved, frosted, iridescent
""")

KINDS = {
    "Trading cards": ["card", "booster pack", "booster box", "deck", "promo card", "uncut sheet"],
    "Comics": ["comic", "album", "annual", "original page", "collected edition"],
    "Coins": ["coin", "medal", "proof set", "ducat", "thaler", "token"],
    "Toy cars": ["model car", "lorry", "bus", "tractor", "racing car"],
    "Building sets": ["set", "minifigure", "instructions", "baseplate", "polybag"],
    "Records": ["LP", "single", "box set", "test pressing", "shellac record"],
    "Figures": ["figure", "statuette", "bust", "bobblehead", "diorama"],
    "Stamps": ["stamp", "sheetlet", "first-day cover", "block of four", "postcard"],
    "Porcelain": ["plate", "vase", "cup and saucer", "figurine", "tureen"],
    "Model railways": ["locomotive", "carriage", "goods wagon", "signal box", "turntable"],
    "Watches": ["wristwatch", "pocket watch", "chronograph", "travel clock", "dial"],
    "Cameras": ["camera", "lens", "viewfinder", "light meter", "enlarger"],
    "Posters": ["poster", "lithograph", "handbill", "lobby card", "woodblock print"],
    "Dolls": ["doll", "doll’s house", "teddy bear", "puppet", "doll’s dress"],
    "Glass": ["paperweight", "goblet", "bowl", "decanter", "scent bottle"],
    "Books": ["novel", "atlas", "folio", "chapbook", "bestiary"],
    "Pens": ["fountain pen", "ballpoint", "inkwell", "nib", "blotter"],
    "Militaria": ["badge", "helmet", "map", "field telephone", "medal bar"],
    "Autographs": ["autograph", "signed photo", "letter", "cheque", "contract"],
    "Games": ["board game", "chess set", "cartridge", "console", "deck of cards"],
}
BRANCHES = _listed("""
    Vintage, Modern, Promotional, Europe, Japan, Americas, Sealed stock, Rarities, Accessories
""")
TOWNS = _listed("""
    London, Paris, Berlin, New York, Vienna, Tokyo, Lyon, Köln, Zürich, Kraków, Málaga,
    São Paulo, Göteborg, Århus, Besançon, Münster, Łódź, Plzeň, Győr, Liège, A Coruña, Évora,
    Tromsø, Reykjavík, Şanlıurfa, Cluj-Napoca
""")
STATES = _listed("""
    no visible wear, light wear at the corners, one small crease,
    a hairline scratch on the base, original box with shelf wear, box missing, slight yellowing,
    a professional repair, complete with papers, cleaned and serviced, smoke-free home,
    a faint stamp on the back, colours still bright, some foxing, minor loss of gilding,
    certificate enclosed, edges slightly rubbed, needs a new spring
""")

_HEADS = (
    "Al Ba Be Bo Bran Ca Cor Da Del Do El Fa Fer Ga Gre Ha Hel In Ja Ka Kra La Le Lin Ma Mi Mor"
)
_HEADS += " Na No Or Pa Per Qua Ra Ro Sa Sche Si Ste Ta Tho Ul Va Ver Vi Wal Wer Xa Ya Za Zim"
_MIDDLES = (
    "ber ca cha den do dri fel ga gar go ka ki la len li lo ma man me mo na ni no pe ra ri ro"
)
_MIDDLES += " sa sé ta té ti to va vi wa zé zi"
_TAILS = (
    "bach berg dal der di dorf feld gaard ini ka ková lin ló mann meyer nen ni ova quist ré rez"
)
_TAILS += " ro ski son stein ström sén ta té vic ward witz y zi"


def surnames(count: int) -> list[str]:
    """Names of people; of that many, most are rare among the items that bear them."""
    parts = [each.split() for each in (_HEADS, _MIDDLES, _TAILS)]
    choose = random.Random(1).choice  # noqa: S311 (the same names each time)
    return list(dict.fromkeys("".join(choose(part) for part in parts) for _ in range(count)))
