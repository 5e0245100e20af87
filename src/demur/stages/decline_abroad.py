"""How people and models decline in languages other than English; matched like the phrases of `demur.stages.decline_phrases`.

The words alone do not decline in every place ("無法" is any inability), so where a language needs it, a pattern asks for the
speaker, or for an act of helping after the negation. Words that two languages share are told apart by their company.
"""

from __future__ import annotations

from demur.stages.decline_phrases import join_words

_GERMAN_ACTS = (
    join_words(
        "helf weiterhelf hilf unterstütz erstell bereitstell geb schreib generier erfüll beantwort anbiet nachkomm"
        " liefer verfass behilflich dien mach"
        " mitmach mitwirk entsprech erklär zeig teil entwickel beteilig weitergeb nenn anleit formulier fortfahr"
        " bedien äußer eingeh",
        r"tun\b",
        "zur verfügung",
        "zu diensten",
        "in der lage",
    )
    + r"\w*"
)
_FRENCH_ACTS = join_words(
    "aider assister répondre fournir créer générer écrire donner rédiger produire satisfaire accéder continuer"
    " participer proposer faire expliquer"
    " partager aborder discuter traiter indiquer détailler encourager cautionner accompagner soutenir",
    "autorisée?",
    "en mesure",
    "là-dessus",
    "vous suivre",
    "te suivre",
)
_CHINESE_ACTS = join_words(
    "提供 帮 幫 协助 協助 回答 满足 滿足 生成 撰写 撰寫 写 寫 参与 參與 支持 完成 给您 给你 告诉 告訴 讨论 討論"
    " 这样做 這樣做 处理 處理 做这 做這 答应 答應 继续 繼續 配合 从命"
    " 奉告 回应 回應 教你 教您 说明 說明 创作 創作 编写 為您 为您 为你 為你 透露 分享 解答 介绍 翻译 照做 评论"
    " 代写 接受 那样做 这么做 建议你 这件事 这个请求 讲解"
)

DECLINES_ABROAD = (
    # The speaker and a negation, whatever the verb, but for thoughts: German, French, Spanish, Portuguese, Italian
    r"\b(?:ich|wir)\b(?! (?:weiß|glaube|denke|bin (?:mir )?(?:nicht )?sicher|finde"
    r"|hoffe))[^.!?:\"]{0,60}\b(?:nicht|keine?[nrsm]?|nie|niemals)\b(?! (?:nur|sicher|weiß|garantieren|wissen"
    r"|sagen, ob))",
    r"\b(?:kann|darf|werde|möchte|will|mach|mache|tu|tue|sage|geb|gebe|bekommst|kriegst|kommentiere|verrate"
    r"|schreib|helf|dürfen|können) (?:ich|wir|du)\b[^.!?:\"]{0,80}\b(?:nicht|keine?[nrsm]?|nie|niemals)\b(?!"
    r" (?:nur|sicher|garantieren))",
    r"\b(?:dazu|darüber|dabei|das)\b[^.!?]{0,20}\b(?:sage|schweige) ich\b|\b(?:höre|hör) ich\b[^.!?]{0,30}\bauf\b"
    r"|\blass(?:e)? ich (?:\w+ ){0,5}(?:weg|aus|sein|bleiben)\b|\b(?:passe|verzichte) ich\b|\bvon mir (?:nicht"
    r"|keine?\w*)\b|\bohne meine hilfe\b",
    r"\b(?:je|nous) n(?:e |')(?!(?:sais|pense|crois|connais|doute|suis pas sûre?|ai pas (?:de|d'))\b)(?:\w+["
    r" '])?\w+ (?:pas|rien|point|aucun\w*|jamais|plus)\b(?! (?:sûre?|garantir))|\b(?:ne|n') ?(?:peut|sera|saurait"
    r"|pourra) (?:pas )?être (?:\w+ )?(?:satisfait|fourni|traité|donné|honoré|acceptée?)\w*",
    r"\bno (?:te |le |les |os |lo |la |me |se )?(?!(?:sé|creo|pienso|dudo|conozco|solo|tengo|como|mucho|esto|eso"
    r"|algo|bajo|todo|puedo garantizar)\b)\w{2,}(?:o|oy|é|aré|eré|iré|emos|amos)\b",
    r"\bnão (?:te |o |a |lhe |me |se )?(?!(?:sei|acho|creio|penso|conheço|como|isso|isto|tenho|muito|apenas|só"
    r"|tudo)\b)\w{2,}(?:o|ou|rei|emos|amos)\b|\b(?:este|o|nosso) (?:assistente|serviço|sistema|chatbot) não\b"
    r"|\b(?:este|el|nuestro) (?:asistente|servicio|sistema) no\b",
    r"\bnon (?:ti |le |vi |lo |la |mi |ne |si )?(?!(?:sostitui\w+|so|credo|penso|conosco|dubito|sono sicur|solo|sono|ho|tanto"
    r"|molto|quanto|questo|troppo|potrei)\b)\w{2,}(?:o|ò|iamo|emo)\b|\bquest[oa] (?:assistente|servizio) non\b"
    r"|\bcet? (?:assistant|outil|service) ne\b",
    # Swedish, Danish, Norwegian, Dutch
    r"\b(?:jag|jeg|vi)\b(?! (?:vet|tror|tycker|synes))[^.!?:\"]{0,40}\b(?:inte|ikke|aldrig|aldri)\b(?! (?:säker"
    r"|sikker|bara))|\b\w+ (?:jag|jeg) (?:\w+ )?(?:inte|ikke)\b|\b(?:det|dette) (?:avstår|avslår) jag\b|\bavstår"
    r" (?:jag )?från\b",
    r"\b\w+ ik (?:\w+ ){0,4}(?:niet|geen)\b|\bik (?!(?:weet|denk|geloof|vind|ken)\b)[^.!?:\"]{0,40}\b(?:niet|geen"
    r"|nooit)\b(?! (?:zeker|alleen))|\b(?:deze|de) (?:assistent|chatbot|dienst)\b[^.!?]{0,30}\b(?:niet|geen)\b",
    # Slavic languages mark the first person at the verb's end.
    r"(?:^|\W)(?:не|ни) (?!(?:знаю|думаю|считаю|помню|сомневаюсь|ожидаю|понимаю|могу гарантировать|тому"
    r"|всему)(?:\W|$))(?:буду |стану |могу |можу )?\w+(?:ую|ю|у|усь|юсь|жу|чу|шу|им|ем|імо|емо)(?:\W|$)|(?:^"
    r"|\W)(?:не (?:предоставляется|выдаётся|выдается|разглашается|надається)|воздержусь|пас\b)",
    r"(?:^|\W)(?:этот|данный|цей|наш) (?:ассистент|помощник|сервис|бот|асистент)[^.!?]{0,20} не |на этом (?:мои"
    r"|моя)[^.!?]{0,30}(?:заканчив|кончает)|(?:советы|помощь) (?:на этом )?заканчива",
    r"\bnie (?!(?:wiem|sądzę|myślę|jestem pew|znam|mam|tylko|tam|sam|tym)\b)(?:\w+ )?\w+(?:ę|am|em|imy|amy|emy)\b"
    r"|\bne (?!(?:znám|vím|myslím)\b)\w+(?:u|ám|ím)\b",
    r"\w+(?:mam|mem|m[ıiuü]yorum|mayacağım|meyeceğim|mayız|meyiz|m[ıiuü]yoruz|mıyorum)\b|\b(?:bu|bizim)"
    r" (?:asistan|hizmet)\b[^.!?]{0,60}(?:maz|mez|mıyor|miyor)\b|\b(?:paylaşılamaz|verilemez|yapılamaz|yardımcı"
    r" olunamaz|hayır)[.!,]",
    r"\b(?:saya|aku|kami|gue|gua)\b[^.!?]{0,30}\b(?:tidak|tak|nggak|enggak|gak|ga|ngga)\b(?! (?:tahu|yakin"
    r"|pernah))|(?:tôi|mình|chúng tôi|tớ|em)\b[^.!?]{0,20}\b(?:không|chẳng|khỏi|chịu)\b(?! (?:biết|chắc|nghĩ|rõ|phải))"
    r"|\bxin phép (?:không|từ chối)",
    r"(?:मैं|मुझसे|हम|मेरे)[^।.!?]{0,80}(?:नहीं|ना |मना|असमर्थ)(?! (?:जानत|पता))|(?:لا|لن|ما) (?!أعرف|أعلم|أظن"
    r"|أعتقد|أدري|أذكر)[أن]\w{2,}|(?:לא|אינני|איני) (?!אני יודע)א\w+",
    r"(?:我|我们|咱|本助手|本服务|小助手|人家|俺)(?:也|是|可|真的|绝对|就|还是|都|暂时|实在|这边|现在"
    r"|恐怕){0,2}(?:不|没法|没办法|无法|無法|拒绝|做不|办不)(?!知道|确定|确信"
    r"|认为|觉得|太|同意|清楚|了解|是|晓得|担心|敢肯定|能保证|能确定|会忘)",
    r"(?:안|못) ?\S{1,8}(?:래요|게요|을게|ㄹ게|거예요|겁니다|해요|합니다|드려요|드립니다|줄래|줄게)|(?:지|진"
    r"|지는) (?:않을|않겠|않아요|못해요|못합니다)|(?:書きません|教えません|言いません|お教えでき|言えません|答えません|やめておき"
    r"|やめとき|知りませんので"
    r"|ご勘弁|お断り|パス(?:です|で)|ノーコメント|お力になれ)",
    # The speaker behind the verb, or no speaker at all but a form by which one only speaks of oneself
    r"\b(?:bin|wäre|bleibe) ich (?:\w+ )?(?:raus|draußen|nicht dabei)\b|\bnej från mig\b|\bnej fra mig\b"
    r"|\bnein von mir\b"
    r"|\bun no por mi parte\b|\bce sera non\b|\b(?:tidak|nggak|gak|tak) (?:bisa|dapat|akan|mau) (?:saya|aku|kami|gue)\b"
    r"|お[^。！？、]{1,8}(?:する)?(?:こと)?[はが]?(?:でき(?:ません|ない|かね)|いたしません)",
    # What is declined stands first: "Nombres no doy", "готового скрипту не дам"
    r"\b(?:sage|gebe|mache|schreibe|verrate|nenne|liefere|teile|erkläre) (?:ich|wir) (?:\w+ ){0,3}nichts?\b"
    r"|\bje ne (?:te|vous|le|la|les|l') ?(?:l')?\w+(?:rai|e|s) pas\b|\b(?:no|non) (?:te|ti|ve|se|le|lo|la|gli)? ?(?:l[aeo]s? )?"
    r"(?:doy|damos|daré|voy|vamos|do|diamo|darò|faccio|facciamo|farò|scrivo|scriviamo|dico|digo|hago|escribo)\b",
    r"(?:^|\W)(?:не|ні) (?:дам|дадим|скажу|напишу|передаём|передаем|даём|даем|даю|пишу|помогу|допоможу|розкажу|расскажу"
    r"|сделаю|зроблю|ділюся|делюсь|раскрываем|сообщаем|выдаём|выдаем)(?:\W|$)",
    r"\b(?:tidak|nggak|gak|tak) (?:saya|kami|aku) \w+|\b(?:biblioteket|tjänsten|banken|vi) [^.!?]{0,20}\binte\b",
    r"(?:ご案内|お答え|ご用意|ご提供|お伝え|開示|回答|公開|対応)(?:は|を)?(?:して(?:おり|い)ません|しません|いたしません|できません|致しません)"
    r"|申し上げられません|(?:就不|就先不|不会|不能|不便|不方便|恕不|恕我不)(?:列|写|给|说|提供|透露|告诉|做|帮|奉)|^不(?:写|行|可以|做|给|帮)[。.!！]",
    # Passive
    r"\b(?:wird|werden)\b[^.!?]{0,40}\b(?:nicht|keine\w?)\b[^.!?]{0,20}\b(?:erteilt|\w*gegeben|geteilt"
    r"|erstellt|beantwortet|unterstützt"
    r"|angeboten|verraten)\b|\b(?:no se|não se|non si) (?:compart|ofrec|da\b|dan\b|proporcion|facilit"
    r"|divulg|forne|fornisc|condivid)\w*"
    r"|\bn(?:e |')(?:sont|seront|sera|est) pas (?:communiqu|partag|fourni|divulgu|donn)\w*"
    r"|\bnão (?:é|são) (?:fornec|divulg|compartilh)\w*|\bnon (?:vengono|viene|sono|è) (?:condivis|fornit|divulgat)\w*"
    r"|\b(?:wordt|worden)\b[^.!?]{0,20}\bniet (?:verstrekt|gedeeld|gegeven)\b|\b(?:lämnas|delas|ges) inte\b"
    r"|\bnie (?:są|jest|będą|będzie) (?:udostępnian|podawan|ujawnian)\w*|\bnie (?:udostępnia|podaje|ujawnia) się\b"
    r"|(?:^|\W)не (?:раскрыва|предоставля|выда|разглаша|сообща|обсужда|публику|розголошу|нада)\w*(?:ются"
    r"|ется|ються|ється)"
    r"|\b(?:paylaş|veril|sağlan|yapıl|sunul|açıklan)\w*(?:maz|mez)\b|수 있는 \S{1,6}[이가은]? 아(?:니|닙)",
    # German
    rf"\b(?:kann|können|darf|dürfen|werde|werden|möchte|will|könnte)\b[^.!?:]{{0,100}}?\b(?:nicht|kein\w*|niemals"
    rf"|nie)\b[^.!?:]{{0,90}}?\b{_GERMAN_ACTS}\b",
    r"\b(?:da(?:bei|mit|zu|von|für|rüber)|hierbei|hiermit|hierzu|dies\w*|das|so etwas|sowas|deine?r? anfrage"
    r"|ihre?r? (?:anfrage|bitte))\b[^.!?]{0,40}?"
    r"\b(?:kann|darf|werde|möchte|will|mache|helfe) (?:und \w+ )?(?:ich|wir)\b[^.!?]{0,60}?\b(?:nicht|kein\w*"
    r"|ablehnen|verweigern)\b",
    r"\blehne (?:ich )?[^.!?]{0,50}\bab\b|\bmuss (?:ich )?[^.!?]{0,50}\b(?:ablehnen|verweigern|passen)\b|\bauf"
    r" keinen fall\b|\bkommt nicht in ?frage\b",
    r"\b(?:mache|helfe|unterstütze|schreibe|gebe|biete|erstelle) ich (?:\w+ ){0,3}(?:nicht|kein\w*)\b|\bich"
    r" (?:helfe|unterstütze|mache|schreibe|erstelle|gebe)\b[^.!?]{0,60}\b(?:nicht|kein\w*)\b",
    r"\b(?:nicht|kein\w*) (?:bereit|befugt|berechtigt|imstande|dazu da|möglich)\b|\b(?:verstößt|geht) gegen"
    r" (?:meine|unsere|die)\b|\bverweigere\b|\bohne mich\b",
    # French
    rf"\b(?:je|nous|on) n(?:e |')(?:\w+ ){{0,2}}?(?:peux|puis|pouvons|peut|saurais|saurait|suis|vais|veux"
    rf"|souhaite|dois)\b[^.!?:]{{0,50}}?{_FRENCH_ACTS}\b",
    r"\bje n(?:e |')(?:\w+[ '])?(?:fournis|fais|crée|donne|aide|écris|rédige|participe|propose|encourage"
    r"|cautionne|peux pas|peux rien)\b",
    r"\b(?:je (?:me )?(?:\w+ )?(?:refuse|décline|dois (?:\w+ )?(?:refuser|décliner)|préfère (?:ne|m'abstenir))|il"
    r" m'est (?:impossible|interdit)|(?:il n'est|c'est) (?:pas possible pour moi|non)\b"
    r"|(?:pas|c'est|hors de) question|contraire à (?:mes|nos)|(?:enfreint|viole) (?:mes|nos|les)|va à l'encontre)",
    r"\b(?:ne suis pas (?:en mesure|autorisée?|là pour|disposée?|habilitée?)|désolée?,? (?:mais )?(?:c'est "
    r"|)non\b|sans moi)",
    # Spanish
    r"\bno (?:te |le |les |os |lo |la )?(?:puedo|podemos|podré|podría|debo|voy a|vamos a|quiero|pienso|ayudo"
    r"|ayudaré|proporciono|proporcionaré|ofrezco|haré|escribiré|daré|participaré)\b",
    r"\bno (?:me es posible|estoy (?:en condiciones|autorizad[oa]|dispuest[oa]|programad[oa]|capacitad[oa])|es"
    r" posible (?:para mí|que te|ayudar)|cuentes? conmigo|es algo (?:en lo )?que)\b",
    r"\b(?:me niego|(?:debo|tengo que|prefiero|he de) (?:\w+ )?(?:rechazar|negarme|declinar|decir que no|no)\b"
    r"|rechazo|declino|va en contra|de ninguna manera|ni hablar|incumple|viola (?:mis|las|nuestras)"
    r"|mi respuesta es no|conmigo no cuent)",
    # Portuguese
    r"\bnão (?:te |o |lhe )?(?:posso|podemos|poderei|poderia|vou|vamos|consigo|devo|quero|ajudo|ajudarei|forneço"
    r"|farei|escreverei|estou (?:autorizad[oa]|dispost[oa]|em condições|apt[oa]))\b",
    r"\b(?:foge|fora) do que (?:eu )?posso\b|\b(?:fuera de lo que|queda fuera)\b|\b(?:prefiero|preferisco|je"
    r" préfère|ich möchte lieber) (?:no |ne |non )?\w+|\bnão (?:é possível|me é possível|tenho como|sou capaz"
    r"|conte comigo|é algo (?:com )?que)\b|\b(?:recuso"
    r"|(?:devo|tenho (?:de|que)|preciso) recusar|prefiro não|vai contra"
    r"|viola (?:as|minhas|nossas)|de jeito nenhum|nem pensar|de forma alguma)\b",
    # Italian
    r"\bnon (?:ti |le |vi |lo )?(?:posso|possiamo|potrò|potrei|intendo|voglio|fornisco|aiuto|aiuterò|farò|faccio"
    r"|scrivo|scriverò|darò|sono (?:in grado|autorizzat[oa]|dispost[oa]))\b",
    r"\bnon (?:è possibile|mi è (?:possibile|permesso|consentito)|contare su di me|è qualcosa (?:che|con))"
    r"|\b(?:mi rifiuto|(?:devo|preferisco) (?:\w+ )?(?:rifiutar\w*|declinar\w*|non)|rifiuto|va contro"
    r"|viola le|assolutamente no|nemmeno per sogno|neanche per sogno)\b",
    # Dutch
    r"\b(?:ik|we|wij)\b[^.!?]{0,40}\b(?:kan|mag|zal|wil|ga|kunnen|doe|help|geef|schrijf)\b[^.!?]{0,60}?\b(?:niet"
    r"|geen)\b|\b(?:kan|mag|zal|wil|ga|help|doe|geef|schrijf) ik\b[^.!?]{0,60}?\b(?:niet|geen)\b",
    r"\b(?:ik )?(?:weiger|moet (?:\w+ ){0,3}(?:weigeren|afwijzen|afslaan)|wijs (?:dit|dat|je verzoek) af)\b"
    r"|\bniet (?:toegestaan|mogelijk) om\b|\bgeen sprake van\b",
    # Swedish, Danish, Norwegian, Icelandic
    r"\b(?:jag|jeg|vi|ég) (?:kan|får|kommer|vil|vill|tänker|må|hjelper|hjälper|hjælper"
    r"|get)\b[^.!?]{0,40}\b(?:inte|ikke|ej|ekki)\b|\b(?:kan|vil|får|vill|må) (?:jag|jeg"
    r"|vi)\b[^.!?]{0,40}\b(?:inte|ikke)\b",
    r"\b(?:jag|jeg) (?:måste|må|är tvungen|er nødt)(?: \w+){0,3} (?:avböja|neka|säga nej|avslå|afslå|si nei|sige"
    r" nej|takke nei)\b",
    # Polish, Czech, Slovak, Croatian and Serbian, Slovene, Bulgarian
    r"\bnie (?:mogę|możemy|będę|zamierzam|jestem w stanie|pomogę|udzielę|wolno mi|chcę|napiszę|pomagam|podam"
    r"|zrobię|dam rady)\b|\b(?:odmawiam|muszę odmówić|nie ma mowy)\b",
    r"\b(?:nemohu|nemůžu|nemůžeme|nebudu|odmítám|nepomohu|nepomůžu|neposkytnu|musím odmítnout|nemôžem|nebudem"
    r"|odmietam|nepomôžem)\b",
    r"\b(?:ne mogu|neću|ne možemo|odbijam|moram odbiti|ne morem|zavračam)\b|(?:^|\W)(?:не мога|няма да|отказвам"
    r"|не можем)(?:\W|$)",
    # Russian, Ukrainian
    r"(?:^|\W)не (?:могу|можем|буду|будем|стану|смогу|вправе|имею права|готов\w*|помогу|помогаю|напишу|расскажу"
    r"|хочу|намерен\w*|собираюсь|предоставляю|можу|зможу|допоможу|бажаю|даю)(?:\W|$)",
    r"(?:вынужден\w* отказ|отказываюсь|откажусь|должен отказ|должна отказ|мушу відмов|змушен\w* відмов|відмовляюс"
    r"|противоречит (?:моим|нашим|правил)|нарушает (?:мои|наши|правила)|об этом не может быть и речи)",
    # Turkish, Azerbaijani
    r"\w+(?:amam|emem|amıyorum|emiyorum|amayız|emeyiz|mayacağım|meyeceğim|yamam|yemem|ə bilmərəm|a bilmərəm)\b"
    r"|\b(?:reddediyorum|reddetmek zorundayım|reddetmem gerek\w*|mümkün değil)\b",
    # Indonesian, Malay, Tagalog, Vietnamese, Thai
    r"\b(?:di luar|ngoài) (?:yang|những|khả)\b|\b(?:saya|aku|kami)\b[^.!?]{0,30}\b(?:tidak|tak|nggak|enggak|gak)"
    r" (?:dapat|bisa|boleh|akan|bersedia|mampu"
    r"|mau)\b|\b(?:saya (?:harus )?menolak|terpaksa menolak|tidak (?:dapat|bisa) (?:membantu|memberikan"
    r"|memenuhi))\b",
    r"\bhindi (?:ko|po ako|ako|kita) (?:\w+ )?(?:maaaring|kayang|makakatulong|puwedeng|pwedeng|matutulungan"
    r"|magagawa|maibibigay|gagawin)\b",
    r"(?:tôi|mình|chúng tôi|em)[^.!?]{0,20}(?:không thể|không được phép|từ chối|sẽ không|không muốn|xin phép"
    r" không)|(?:ไม่สามารถ|ไม่อาจ|ขอปฏิเสธ|ช่วยไม่ได้|ไม่ขอ|คงไม่|จะไม่ช่วย|ทำให้ไม่ได้)",
    # Hindi, Bengali, Urdu, Tamil
    r"(?:नहीं (?:कर सकत|दे सकत|करूँ|करूं|लिख|बता|कर पाऊ|दूँग|दूंग|दे पाऊ)|मदद नहीं|मदद करने में असमर्थ|सहायता"
    r" नहीं|सहायता करने में असमर्थ|असमर्थ ह|मना कर(?:त|न)|अस्वीकार)",
    r"(?:সাহায্য করতে পার(?:ছি|ব|বো|ি) ?না|পারব না|পারবো না|পারছি না|করতে পারি না|অপারগ|مدد نہیں|نہیں کر سکت|نہیں"
    r" دے سکت|معذرت خواہ|முடியாது|இயலாது|மறுக்கிறேன்)",
    # Arabic, Hebrew, Persian
    r"(?:لا (?:أستطيع|يمكنني|أقدر|يمكنني|أقدم|أساعد|يسعني|نستطيع)|لن (?:أساعد|أقوم|أقدم|أتمكن|أستطيع|أكتب|أشارك"
    r"|أعطي|أفعل)|غير قادر (?:على)|أعتذر عن|أرفض|لست قادر|ليس بإمكاني|لا يجوز لي)",
    r"(?:איני יכול|אינני יכול|אני לא (?:יכול|מוכן|אעזור|אוכל)|לא אוכל|לא אעזור|מסרב|נאלצ?ת? לסרב)|(?:نمی[\u200c"
    r" ]?توان(?:م|یم)|نمی[\u200c ]?تونم|قادر نیستم|کمک نمی|معذورم|نخواهم)",
    # Chinese, Japanese, Korean
    rf"(?:我|我们|我們|抱歉|对不起|對不起|恕|不好意思|很遗憾|作为)[^。！？]{{0,24}}?(?:无法|無法|不能|不可以|不会"
    rf"|不會|不便|不予|没办法|沒辦法|不愿|不願|不该|不應|不应|不想"
    rf"|不提供|不方便)[^。！？]{{0,14}}?{_CHINESE_ACTS}",
    rf"^(?:[^。！？，]{{0,12}}，)?(?:这|這|该|此|您的|你的)[^。！？]{{0,14}}(?:无法|無法|不能|不予"
    rf"|没办法)[^。！？]{{0,8}}?{_CHINESE_ACTS}"
    rf"|(?:超出|超過)(?:了)?我|拒绝(?:这|您|你|该|回答|提供|执行|协助)|拒絕(?:這|您|你|回答|提供)"
    rf"|恕(?:我)?(?:无法|難|难|不)|(?:我|必须"
    rf"|只能)(?:必须|只能|要|得)?(?:拒绝|拒絕)"
    r"|(?:我|这事|這事|这忙)[^。！？]{0,6}(?:帮不了|幫不了|帮不上|做不到|办不到|辦不到)|违反(?:了)?(?:我|我们"
    r"|规定|平台|使用)",
    r"(?:(?:お手伝い|協力|提供|お応え|お答え|回答|支援|対応|お教え|作成|お受け|案内"
    r"|お力に)[^。！？]{0,10}(?:できません|出来ません|できかねます|いたしかねます|致しかねます|しかねます"
    r"|できない|なれません|しません|いたしません))"
    r"|(?:できかねます|いたしかねます|致しかねます|お断り|応じられません|応じかねます|答えられません"
    r"|わけにはいきません|差し控え|ここまでにし|控えさせて|遠慮させて|遠慮いたし|無理です|やりません"
    r"|教えられません|書けません"
    r"|手伝えません|お受けできません|ご遠慮)"
    r"|(?:申し訳|すみません|ごめん|残念ですが)[^。！？]{0,50}(?:できません|出来ません|できない|られません"
    r"|ありません$)",
    r"(?:(?:도와|도움|제공|작성|답변|응답|알려|지원|말씀|응할|들어|생성|써|해)[^.!?。]{0,16}(?:수 ?(?:는 |가"
    r" )?없(?:습니다|어요|다|네요|음|는)|지 않겠|지 않습니다"
    r"|기 어렵|드리기 어렵|못 (?:합니다|해요)|못해))"
    r"|(?:거절(?:하|합|해|드)|도울 수 ?없|않겠습니다|못 도와|안 됩니다|안 돼|안돼|줄 수 없|곤란합니다|죄송(?:하지만"
    r"|합니다만)[^.!?]{0,40}(?:없습니다|없어요|어렵습니다|않습니다|안 돼))",
    # Greek, Romanian, Hungarian, Finnish, Catalan, Swahili, Estonian, Lithuanian
    r"(?:δεν μπορ(?:ώ|ούμε)|δεν θα (?:σας |σε )?(?:βοηθήσω|δώσω|γράψω|κάνω|μπορέσω)|δεν επιτρέπεται|αρνούμαι"
    r"|πρέπει να αρνηθώ|δεν είμαι σε θέση)",
    r"\bnu (?:pot|putem|voi|vreau|sunt în măsură|(?:te|vă|îți) (?:pot|voi)|ajut|ofer)\b|\b(?:trebuie să refuz"
    r"|refuz)\b|\bnem (?:tudok|tudunk|segíthetek|tehetem|fogok|áll módomban|vállalom|segítek|adhatok|írok)\b"
    r"|\b(?:vissza kell utasítanom|visszautasítom)\b",
    r"\ben (?:voi|pysty|aio|suostu|halua|auta|kirjoita|anna)\b|\b(?:kieltäydyn|joudun kieltäytymään)\b|\bno"
    r" (?:puc|podem|et puc|us puc)\b|\b(?:siwezi|sitaweza|ninakataa|ma ei saa|keeldun|negaliu|atsisakau)\b",
)

DENOUNCES_ABROAD = (
    r"\b(?:ist|wäre|sind) (?:\w+ ){0,3}?(?:illegal|strafbar|unethisch|falsch|verboten|schädlich|gefährlich|nicht"
    r" (?:in ordnung|akzeptabel|erlaubt|legal|ethisch|richtig))\b",
    r"\b(?:est|serait|sont) (?:\w+ ){0,3}?(?:illégal\w*|interdit\w*|immoral\w*|dangereu\w*|inacceptables?"
    r"|répréhensibles?|pas (?:éthique|acceptable|légal))\b|\bcontraire à (?:l'éthique|la loi)",
    r"\b(?:es|sería|son|é|seria|è|sarebbe|sono) (?:\w+ ){0,3}?(?:ilegal\w*|illegal\w*|inmoral\w*|imoral|immorale"
    r"|peligros\w*|perigos\w*|pericolos\w*|antiétic\w*|poco ético|non etico|inaceptable|inaceitável"
    r"|inaccettabile|delito|crime|crim|reato|incorrecto|errado|sbagliato|dañin\w*|dannos\w*|prejudicial)\b",
    r"(?:незаконн|неэтичн|противозаконн|преступлен|недопустим|违法|非法|犯罪|不道德|不合法|違法|倫理に反|犯罪です"
    r"|불법|비윤리|범죄|غير قانوني"
    r"|غير أخلاقي|अवैध|अनैतिक|गैरकानूनी|nielegaln|nieetyczn|yasa ?dışı|etik değil|doğru değil|suç|傷つけ"
    r"|よくありません"
    r"|いけません|상처|안 되는|không nên|không đúng|vi phạm|不应该|不應該|伤害|нельзя|плохо|жесток|шкод|злочин"
    r"|нечестно|ilegal dan"
    r"|melanggar hukum)",
)
