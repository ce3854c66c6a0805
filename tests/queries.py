"""Forty things that people type, and what they should find first among the 94 initiatives of portal/data/initiatives.json.

Written from the data before the search was tuned, by thinking as a citizen, a clerk and a mayor do. The sets hold the
`id` of whatever would answer the question well. A query is right when the first three hits hold as many of them as fit:
three, or all that there are.
"""

BUSES = {
    "buergerbus-feldatal-feldatal",
    "buergerbus-grebenhain-grebenhain",
    "buergerbus-grossenlueder-grossenlueder",
    "buergerbus-des-kommunalen-netzwerks-hofbieber",
    "buergerbus-d-bus-homberg-efze",
    "buergerbus-rasdorf-rasdorf",
}
REPAIR = {
    "vogelsberger-repair-caf-alsfeld",
    "repair-caf-heddernheim-frankfurt-am-main",
    "repair-caf-raunheim-raunheim",
    "repair-caf-der-nachbarschaftshilfe-taunusstein",
    "reparaturcaf-weltladen-und-ehrenamtsagentur-gross-umstadt",
}
DIGITAL = {
    "di-lotsen-im-oberen-fuldatal-ebersburg",
    "digitalberatung-im-haus-der-kirche-langen-hessen",
    "landfrauen-als-digitallotsinnen-ludwigsau",
    "di-lotsen-der-generationenhilfe-oberzent",
    "di-lotsen-der-leitstelle-aelterwerden-ruesselsheim-am-main",
}
SHOPS = {
    "dorfladen-schoenstadt-coelbe",
    "dorfladen-crainfeld-grebenhain",
    "dorfladen-eberstadt-lich",
    "dorfladen-gertenbach-witzenhausen",
}
PRIZE = {
    "dorfbad-in-vereinshand-alsfeld",
    "barock-ag-bad-arolsen",
    "perspektive-feuerwehr-2030-bebra",
    "dasgute-haus-butzbach",
    "marktscheune-wittelsberg-ebsdorfergrund",
    "gemeindenaher-hospizplatz-friedberg-hessen",
    "freiwillige-feuerwehr-wahlen-grasellenbach",
    "almerodelive-grossalmerode",
    "dorfmitte-schmidts-herbstein",
    "jugendmusiknetzwerk-winds-strings-voices-huenfeld",
    "demenzlotsen-limburg-a-d-lahn",
    "nachwuchs-fuer-den-vereinsvorstand-lohra",
    "mobile-seniorenberatung-mit-dem-sehmobil-marburg",
    "maenner-fuer-maenner-niedenstein",
    "heimat-und-geschichtsverein-silges-nuesttal",
    "expedition-vor-der-haustuer-ottrau",
    "wir-lieben-mint-reichelsheim-odenwald",
    "gemeindeschwester-2-0-schenklengsfeld",
}

CITIZEN = {
    "Bürgerbus": BUSES,
    "Bus fahren": BUSES,
    "Fahrrad reparieren": REPAIR,
    "Hilfe für alte Leute": BUSES
    | DIGITAL
    | {
        "mobile-seniorenberatung-mit-dem-sehmobil-marburg",
        "senioren-und-ehrenamtsbuero-der-stadt-eltville-am-rhein",
        "demenzlotsen-limburg-a-d-lahn",
        "gemeindeschwester-2-0-schenklengsfeld",
        "lebenslust-erzaehl-und-spielcaf-herborn",
    },
    "Nachbarschaftshlfe": {
        "repair-caf-der-nachbarschaftshilfe-taunusstein",
        "di-lotsen-der-generationenhilfe-oberzent",
    },
    "Dorfläden": SHOPS,
    "Tante-Emma-Laden": SHOPS,
    "Schwimmbad retten": {
        "schwimmbad-in-buergerhand-bebra",
        "dorfbad-in-vereinshand-alsfeld",
        "sechs-baeder-sechs-foerdervereine-dautphetal",
        "freibad-bieberstein-hofbieber",
    },
    "Freibad": {"freibad-bieberstein-hofbieber", "dorfbad-in-vereinshand-alsfeld"},
    "Kinderfeuerwehr": {"kinderfeuerwehr-loeschdrachen-oberzent"},
    "Lebensmittel für arme Menschen": {"warenkorb-weiterstadt-weiterstadt"},
    "Tafel": {"warenkorb-weiterstadt-weiterstadt"},
    "Deutsch lernen": {"freundeskreis-fluechtlinge-riedstadt", "familienzentrum-mueze-taunusstein"},
    "Flüchtlinge": {
        "freundeskreis-fluechtlinge-riedstadt",
        "theaterprojekt-mit-gefluechteten-jugendlichen-bensheim",
        "theater-und-filmprojekt-verkehrte-welt-erlensee",
        "suppenfest-mit-gefluechteten-schoeneck",
        "bleib-in-bsa-bad-sooden-allendorf",
        "begegnungscaf-im-wohnheim-georgshoehe-hofbieber",
    },
    "Handykurs für Senioren": DIGITAL,
    "Sterbebegleitung": {
        "ehrenamtliche-begleitung-am-lebensende-friedberg-hessen",
        "gemeindenaher-hospizplatz-friedberg-hessen",
    },
    "Hospitz": {
        "ehrenamtliche-begleitung-am-lebensende-friedberg-hessen",
        "gemeindenaher-hospizplatz-friedberg-hessen",
    },
    "Demenz": {"demenzlotsen-limburg-a-d-lahn"},
    "Kneipe": {"genossenschaftsgaststaette-volkswirtschaft-lindenhof-schlangenbad"},
    "Obstbäume": {
        "neues-leben-fuer-die-streuobstwiese-moerfelden-walldorf",
        "feuerwehr-mit-streuobstwiese-und-kita-eschwege",
    },
    "Theater spielen": {
        "theaterprojekt-mit-gefluechteten-jugendlichen-bensheim",
        "theater-und-filmprojekt-verkehrte-welt-erlensee",
        "theaterprojekt-zum-grundgesetz-limburg-a-d-lahn",
        "expedition-vor-der-haustuer-ottrau",
    },
    "Orchester": {
        "jugendorchester-im-musikzug-gross-umstadt",
        "jugendmusiknetzwerk-winds-strings-voices-huenfeld",
    },
    "Spielplatz für Jugendliche": {"spiel-und-bewegungspark-rasdorf"},
    "jüdische Geschichte": {"aktives-museum-spiegelgasse-wiesbaden"},
    "Insektenhotel": {
        "biotoppflege-am-amdorfbach-dillenburg",
        "neues-leben-fuer-die-streuobstwiese-moerfelden-walldorf",
    },
    "Briefe schreiben im Lockdown": {"mit-abstand-naehe-schaffen-kaufungen"},
}

CLERK = {
    "Ehrenamtsagentur": {
        "ehrenamtsagentur-buedingen-buedingen",
        "reparaturcaf-weltladen-und-ehrenamtsagentur-gross-umstadt",
        "engagement-lotsen-und-ehrenamtsagentur-weiterstadt",
    },
    "Ehrenamt fördern": {
        "senioren-und-ehrenamtsbuero-der-stadt-eltville-am-rhein",
        "ehrenamtsagentur-buedingen-buedingen",
        "reparaturcaf-weltladen-und-ehrenamtsagentur-gross-umstadt",
        "engagement-lotsen-und-ehrenamtsagentur-weiterstadt",
    },
    "Vorstand gesucht": {
        "nachwuchs-fuer-den-vereinsvorstand-lohra",
        "zukunft-der-vereinsvorstaende-wanfried",
    },
    "Digitalisierung im Verein": {"praxishandbuch-fuer-digitale-vereine-dietzenbach"},
    "Genossenschaft gründen": {
        "dorfladen-schoenstadt-coelbe",
        "dorfladen-crainfeld-grebenhain",
        "lahn-dill-bergland-energiegenossenschaft-dillenburg",
        "genossenschaftsgaststaette-volkswirtschaft-lindenhof-schlangenbad",
        "dasgute-haus-butzbach",
        "brauerei-in-buergerhand-waechtersbach",
    },
    "Jugendbeteiligung": {
        "hohensteiner-jugendforum-2-0-hohenstein",
        "spiel-und-bewegungspark-rasdorf",
        "internatsrat-der-blindenstudienanstalt-marburg",
    },
    "Dorfgemeinschaftshaus": {"sportverein-und-dorfgemeinschaftshaus-in-rixfeld-herbstein"},
    "Initiativen in Hofbieber": {
        "begegnungscaf-im-wohnheim-georgshoehe-hofbieber",
        "buergerbus-des-kommunalen-netzwerks-hofbieber",
        "freibad-bieberstein-hofbieber",
        "freundeskreis-italien-hofbieber",
    },
    "Lich": {"dorfladen-eberstadt-lich", "traditionspflege-bessinger-gurken-lich"},
}

MAYOR = {
    "Windräder": {"lahn-dill-bergland-energiegenossenschaft-dillenburg"},
    "Mitglieder für die Feuerwehr gewinnen": {"feuerwehrkonzept-gegen-mitgliedermangel-wolfhagen"},
    "Treffpunkt im Dorf": {"dorfmitte-schmidts-herbstein", "dorfbad-in-vereinshand-alsfeld"},
    "Demografiepreis": PRIZE,
    "Mobilität im ländlichen Raum": BUSES,
}

QUERIES = CITIZEN | CLERK | MAYOR
