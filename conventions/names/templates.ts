/**
 * Sentences, records and log lines as agents and their users write them, with slots; own text. `{person}` is a name in any form, `{first}`, `{last}` and
 * `{full}` are what they say; they are what is to be found, all else is not.
 */
export const WITH_NAMES: readonly string[] = `
Hi, my name is {full}.
Hello! My name is {full} and I need help with my {product}.
my name is {lower} and i lost my {thing}
My name's {first}.
Hi there, I'm {first}, calling about order {id}.
i'm {lower}, can you help me
I am {full} and I live in {place}.
This is {full} speaking, how can I help?
Hey, this is {first} from {company}.
You're speaking with {first}.
Hi {first}, thanks for reaching out!
Hello {first}, I have found your account.
Hey {first}! Your {product} has shipped.
hi {lower}, thanks for the quick reply
Dear {first},\\nThank you for your order.
Dear {title} {last},\\n\\nWe regret to inform you that flight {code} was cancelled.
Good morning {first}, how are you today?
Good afternoon, {title} {last}. How may I assist you?
Thank you, {first}. Your account has been verified.
Thank you, {first}! I found two orders under your profile.
Thanks {first}, let me check that for you.
Thanks, {first}. What else can I do?
Certainly, {first}. The {product} will arrive on {month} {day}.
Sure, {first}, one moment please.
You're welcome, {first}! Have a great day.
No problem, {first}. I'll look into it.
Great, {first}! Could you tell me your zip code?
I understand, {first}. Unfortunately the {product} is out of stock.
Sorry about that, {first}.
Okay {first}, I've updated the address to {address}.
Welcome back, {first}!
Goodbye, {first}.
I apologize for the delay, {title} {last}.
Best regards,\\n{full}
Best,\\n{first}
Kind regards,\\n{full}\\n{company}
Regards,\\n\\n{full}\\nSenior Engineer, {company}
Sincerely,\\n{full}
Cheers, {first}
Thanks,\\n{first}
Thanks!\\n- {first}
Yours truly,\\n{full}\\nCustomer Support
Love, {first}
--\\n{full} | {company} | {place}
Name: {full}
Name: {full}\\nAddress: {address}\\nPhone: {number}
- **Name:** {full}\\n- **City:** {place}\\n- **Order:** {id}
**Passenger:** {full}, **From:** {airport}, **To:** {airport}
1. **{full}** ({place})\\n2. **{full}** ({place})
Customer: {full}
Customer name: {full}, customer since {month} {year}
Patient: {full}\\nDOB: {number}
Contact: {full}, {company}
Account holder: {full}
Employee {full} joined the {department} team in {month}.
Author: {full} <{id}>
Reviewed-by: {full} <{id}>
Signed-off-by: {full} <{id}>
Passengers: {full}, {full} and {full}
Attendees: {full}, {full}, {full}
From: {full} <{id}>\\nTo: {full} <{id}>\\nSubject: {product}
On {month} {day}, {year}, {full} wrote:
Sent by {full} on {month} {day}
Assigned to {full}
Ticket {id} was opened by {full} and closed by {first}.
{full} called from {number} about the {product}.
{full} asked for a refund of {money}.
{full} has moved from {place} to {place}.
{full} (customer {id}) wants to change the flight to {place}.
{full} of {company} will join the call.
{first} said that the invoice was wrong.
{first} and {first} are coming to {place} in {month}.
{first} can't log in to {tool}.
I talked to {first} about the {tool} upgrade.
I spoke with {full} yesterday, she will call you back.
Please forward this to {full} in {department}.
Please ask {first} to restart {tool}.
Can you tell {first} that the {tool} job failed?
Could you book a table for {full} at {company}?
Book a flight for {full} and {full} from {place} to {place}.
Change the passenger name from {full} to {full}.
Upgrade {first} to business class.
Add {full} to the reservation {id}.
I want to send {money} to {full}.
Transfer {money} to {full}, account {number}.
The package for {full} was delivered to {address}.
My wife {first} and my son {first} travel with me.
My brother {full} lives in {place}.
my husband {lower} already called you twice
our manager {first} approved it
her doctor, {title} {last}, moved to {place}
{title} {last} will see you at {number}.
{title} {full} is the head of {department}.
According to {title} {last}, the results are fine.
{first}'s order {id} is late.
{full}'s account was closed in {month}.
What is {full}'s phone number?
Who is {full}?
Do you know where {full} lives?
Remind {first} to pay {company}.
Schedule a meeting with {first}, {first} and {first} at {number}.
Email {full} the report about {tool}.
The user {full} reported an error in {tool}.
User {full} logged in from {place}
INFO user {full} updated profile
login failed for {full} from {place}
ERROR payment declined for {full}: insufficient funds
[{id}] customer={full} status=active
assignee: {full}
approved by {full} on {number}
{"name": "{full}", "city": "{place}", "country": "{country}"}
{"name":"{full}","company":"{company}","plan":"pro"}
{"first_name": "{first}", "last_name": "{last}", "dob": "{number}"}
{"name": {"first_name": "{first}", "last_name": "{last}"}, "address": {"city": "{place}", "state": "{code}"}}
{"passengers": [{"first_name": "{first}", "last_name": "{last}"}, {"first_name": "{first}", "last_name": "{last}"}], "origin": "{airport}"}
{\\"firstName\\":\\"{first}\\",\\"lastName\\":\\"{last}\\",\\"city\\":\\"{place}\\"}
{"customer": {"full_name": "{full}", "email": "{id}"}, "items": [{"name": "{product}", "price": {number}}]}
{"author":"{full}","title":"{book}"}
{"role":"user","content":"Hi, I am {full} from {place}."}
{"role": "assistant", "content": "Thank you, {first}. I found your order."}
{"content":"Hello {first},\\\\n\\\\nyour {product} is ready.\\\\n\\\\nBest,\\\\n{first}"}
{"thought": "The user {first} wants to return the {product} and keep the {product}."}
first_name: {first}\\nlast_name: {last}
name: {full}\\nteam: {department}
<name>{full}</name><city>{place}</city>
| {full} | {place} | {number} |
{last}, {first}; {place}
{full}, {full}
{full}
{first}
{full}\\n{address}
{company}\\nAttn: {full}\\n{address}
{upper}
PASSENGER: {upper} FROM {airport} TO {airport}
{full} was born in {place} in {year} and studied at {company}.
{full} (born {month} {day}, {year}) is a former player.
{full} won the prize in {year}.
In {year}, {full} founded {company} in {place}.
The book "{book}" by {full} was published in {year}.
{full} plays for {company} against {place}.
President {last} met Prime Minister {last} in {place}.
Senator {full} said on {weekday} that {place} was safe.
Police in {place} arrested {full}, {number}, on {weekday}.
"It was a mistake," {last} said.
"I love it!" said {first}.
As {last} et al. ({year}) have shown
{last} and {last} ({year}) argue that
see {last}, {year}
{first} Jr. and {full} Sr. came to {place}.
Happy birthday {first}!
thanks a lot! Best, {first}
See you soon. Regards, {full}
All good now. Cheers, {first}
Ich heiße {full} und brauche Hilfe.
Hallo {first}, ich habe eine Frage zu Bestellung {id}.
Sehr geehrter Herr {last}, wir haben Ihre Anfrage erhalten.
Sehr geehrte Frau {last},\nvielen Dank für Ihre Nachricht.
Danke {first}, das Paket ist angekommen.
Viele Grüße\n{first}
Frau {last} wohnt in {place}.
Je suis {full} et j'habite à {place}.
Bonjour {first}, merci pour votre message.
Madame {last}, votre vol est confirmé.
Bien à vous,\n{full}
Merci beaucoup {first} !
Mon nom est {full}.
Soy {full} y vivo en {place}.
Mi nombre es {full}.
Buenos días {first}, gracias por su mensaje.
La señora {last} vive en {place}.
Un saludo,\n{first}
Muchas gracias, {first}. Su vuelo está confirmado.
Sono {full} e abito a {place}.
Il mio nome è {full}.
Salve {first}, grazie per il messaggio.
La signora {last} abita a {place}.
Distinti saluti\n{full}
Olá, meu nome é {full}.
Obrigado, {first}. Encontrei a sua conta.
O senhor {last} ligou ontem.
Hallo, mijn naam is {full}.
Bedankt {first}, uw pakket is onderweg.
Hej {first}, tack för ditt meddelande.
Jag heter {full}.
Cześć {first}, mam na imię {first}.
Benim adım {first}.
lol {lower} is so funny
did {lower} call you yesterday
RT {full}: see you in {place}
`
  .trim()
  .split('\n')

/** The same without a name: places, products, tools, eponyms, months, headings, ids, code. */
export const WITHOUT_NAMES: readonly string[] = `
The {tool} job failed, so rerun {tool} and then {tool}.
Deploy {tool} with {tool} on {tool}.
Start the {tool} pipeline, then tell {tool} to build {tool} and {tool} on {tool}.
Ask {tool} to summarise it.
We moved from {tool} to {tool} in {month}.
{tool} was released in {month} {year}.
{tool} 3 needs {tool} 12 or later.
{tool} runs on {tool}, {tool} and {tool}.
Using {tool}, {tool} and {tool} for the backend.
Is {tool} better than {tool}?
{tool} and {tool} announced a partnership with {brand}.
{brand} said that {brand} will use {tool} in {place}.
{brand} shares rose after {brand} bought {company}.
{brand}, {brand} and {brand} are hiring in {place}.
I bought it from {brand} last {month}.
The {eponym} {method} is used here.
The {eponym} {method} converges after 12 steps.
the {eponym}-{eponym} {method}
We use the {eponym} {method} with a {eponym} {method}.
Apply {eponym}, then {eponym}-{eponym}; the {eponym} {method} is 4.
{eponym} {method} and the {eponym} {method} (see {eponym} {method}) agree.
Train with {optimizer}, the learning rate is 0.01.
{optimizer} was replaced by {optimizer} with weight decay.
A {eponym} {method} is faster than {eponym}'s {method}.
According to {eponym}'s law the {method} grows.
It follows from the {eponym} {method}.
The {place} office closes in {month}.
The {place} team will review the {month} release.
The {place} branch has no {product} in stock.
Flights from {place} to {place} are cheaper in {month}.
from {airport} to {airport} via {airport}
Flight {code}: {airport} to {airport}, then {airport} ({place}).
I'd like to fly from {airport} to {airport} on {month} {day}.
Return flight: {place} ({airport}) to {place} ({airport}), economy.
Options:\\n- **Flight 1:** {airport} to {airport}\\n- **Flight 2:** {airport} to {airport}
Is the {airport} to {airport} flight nonstop?
- **City:** {place}\\n- **State:** {code}\\n- **Zip:** {number}
Address: {address}
{address}
City: {place}, Country: {country}
{"city": "{place}", "country": "{country}", "state": "{code}"}
{"address1": "{address}", "city": "{place}", "zip": "{number}"}
{"address1": "{street}", "address2": "Suite {number}", "city": "{place}", "country": "USA", "state": "{code}"}
{"origin": "{airport}", "destination": "{airport}", "cabin": "economy"}
{"name": "{product}", "price": {number}}
{"name": "{product}", "product_id": "{number}", "variants": {"{number}": {"options": {"color": "{colour}", "size": "M"}}}}
{"name":"{tool}","version":"{number}"}
{"name": "{word}_{word}", "arguments": "{}"}
{"title":"{book}","year":{year}}
{"status":"Active","tier":"Gold","type":"{department}"}
{"type":"function","name":"Get{Word}{Word}","description":"Returns the {word}"}
{"model":"{tool}","provider":"{brand}"}
{"error":"{Word}Error","message":"{Word} not found"}
- {Word} {Word}\\n- {Word} {Word}
## {Word} {Word}\\n\\n{Word} the {word}.
# {Word}\\n\\n{Word} is a {word}.
{Word} {Word}: {word}
{Word} {Word} {Word}
**{Word}:** {word} {word}
**{Word} {Word}**: {number}
{Word} by {Word} {Word}
Implemented by {Word}.
Powered by {tool} and {brand}.
Made by {brand}.
Summary of {Word} {Word}
{Word} the {word}, then {word} it.
Please {word} the {Word} {Word} page.
Click {Word}, choose {Word} {Word} and press {Word}.
Go to Settings > {Word} > {Word}.
Set {word} to {Word} and mark {Word} as done.
Set the {colour} color to {word}.
I would like the {colour} {product}, please.
Exchange the {product} for a {product}.
The {product} comes in {Colour} and {Colour}.
Your {product} was shipped on {weekday}.
The {vehicle} needs service in {month}.
We rented a {vehicle} in {place}.
{dish} with {ingredient}
Recipe: {dish}
She ordered the {dish} and a {ingredient} salad.
The {animal} is native to {country}.
Dear customer, your ticket was closed. Kind regards, {Word} Team
Dear Sir or Madam,\\nthank you.
Dear Team,\\nplease update {tool}.
Dear Hiring Manager,
Hello there, how can I help?
Hi all,\\n{tool} is down.
Hi team, hello everyone, thanks!
Hello World
The {month} meeting is before the Christian holidays in {place}.
The {place} store closes before {demonym} holidays in {country}.
before {demonym} holidays, after Christian feasts, at {demonym} schools
A {demonym} or Christian festival in {place}.
Christian, {demonym} and {demonym} groups met in {place}.
{"choices":[{"index":0,"delta":{"content":"{frag}"},"logprobs":null}]}
{"delta":{"role":"assistant","content":"{frag}"},"done":false}
data: {"type":"text_delta","text":"{frag}","obfuscation":"{frag}"}
{"name":"{Word} {Word}","tools":[{"type":"function"}]}
The {eponym} optimizer was swapped for {optimizer}.
{optimizer} with lr {number}, then {optimizer} with momentum.
replaced {optimizer} by {optimizer} in the trainer
{eponym}, {eponym} and {eponym} {method}s
a {eponym}-{eponym} {method} and a {eponym} {method}
run {eponym} first, then {eponym}-{eponym}; the {eponym} {method} is {number}
the {eponym} {method} is {number}
Prim, {eponym} or {eponym}: which {method} is fastest?
{brand}'s {Word} by {brand}
generated from our {Word} by {tool}. See {Word}.md
Reservation IDs: {code}, {code} and {code}.
Best regards,\\nCustomer Support
Regards,\\nThe {brand} Team
Best,\\nYour {brand} Team
Thanks,\\nSupport
Thank you, that is all.
Thank you, have a nice day. Goodbye!
Thanks, Great, Sure, Okay, Perfect, Yes, No
I'm Sorry, I'm Fine, I'm Done
I'm in {place}. I'm from {country}.
I am {demonym} and live in {place}.
my name is on the list
my name is not listed
this is {brand} support
This is Great. This is Fine.
Name: {product}
Name: {tool}
Name: {Word} {Word}\\nType: {Word}
name: {tool}\\non: push
Customer: {company}
Company: {company}, {place}
Assigned to {department}
Assigned to Support Team
From: {brand} Support
To: Customer Service
Subject: {Word} {Word} {Word}
From: {place}\\nTo: {place}
{weekday}, {month} {day}: {Word} {Word}
{month} {day}, {year}
In {month} the {word} for a new {job} in {place} began.
The {demonym} {word} in {place} is closed for the {demonym} holidays.
A {job} is wanted in {place}.
They will {word} in {month}; it may {word}.
We hope that faith, grace and joy will mark the day.
Will may draw a bill, Mark the page, Bill the customer, Grant access, Drew a line, Chase the order, Rob the bank.
Mark it as done. Bill me later. Grant the role. Will it work? May I ask? Pat the dog. Sue them. Chip in. Rich text. Frank words. Ray tracing. Jack plug.
An old baker, a young smith, a hunter and a fisher met a miller, a carter and a cook.
The hotel {company} near {place} Park had 120 rooms.
{hotel} in {place} has rooms at {money}.
{hotel} near {street} was full.
We stayed at {hotel}.
Meet me at {street} in {place}.
{company} is a company in {place}.
{company} and {company} merged in {year}.
{company} announced its results on {weekday}.
Made in {country}. Visit {place}, {country}!
University of {place}, {place} College, {place} Airport, {place} City Council
the {place} Marathon, the {place} Accord, {place} United, the {place} Hotel
{book} is a book. I read {book} twice.
The movie {book} is on {brand}.
Song: {song}
"{song}" was number one in {year}.
Element: {element}, symbol {code}
Hurricane {first0} hit {place}. Tropical Storm {first0}
import {Word}{Word} from './{word}'
import { {Word}, {Word}{Word}, type {Word}{Word} as {Word} } from '{word}'
export class {Word}{Word} extends {Word} { }
const {Word} = new {Word}{Word}()
type {Word}{Word} = {Word}<{Word}> | {Word}
@{Word}() {word}: {Word}
throw new {Word}Error('{Word} {word}')
catch ({Word}Exception e)
interface {Word} { {word}: {Word}; {word}: {Word} }
/** {Word} {Word} of the {word}. */
// {Word} the {word}
* @param {{Word}} {word} {Word} {word}
SELECT {Word}, {Word} FROM {Word} WHERE {Word} = {number}
GET /{word}/{Word} HTTP/1.1
Content-Type: {word}\\nX-{Word}-{Word}: {number}\\nAccept-{Word}: {word}
X-{Word}-Key, X-{Word}-{Word}-Key, Authorization, Accept
{"headers":"Content-Type, X-{Word}-Key,\\\\n X-{Word}-{Word}, Accept"}
at {Word}.{word} ({word}.js:{number})
Exception in thread "main" {word}.{Word}Exception: {Word}
Caused by: {Word}Error: {Word} {word}
INFO {Word}{Word} started in {number} ms
WARN [{Word}] {Word} {word} {number}
[{Word}{Word}] {Word} ready
DEBUG {Word}: {Word} {word}
Chrome/{number} Safari/{number} Mozilla/5.0 (Macintosh; Intel Mac OS X) Gecko/{number}
{tool}/{number} ({tool}; {tool})
|{Word}|{Word}|{Word}|
<{Word} {word}="{Word}">{Word}</{Word}>
{Word}: {Word}, {Word}: {Word}
Wallets: {brand}, {brand}. Colours: {Colour}, {Colour}, {Colour}.
Languages: {language}, {language} and {language}
IDs: {code}, {code}. API, URL, JSON, HTTP, SQL, CSV, PDF
TODO FIXME NOTE WARNING ERROR OK
RED GREEN BLUE
Order {id}: {product} x2, {product}
A. Yes B. No C. Maybe
Plan A, Plan B, Type C, Vitamin D
Gold, Silver and Regular members; Business Class, Economy Class, Basic Economy
Master of Science, Bachelor of Arts, Doctor of Philosophy
{demonym} food, {demonym} wine and {demonym} people
The Bible, the Quran, the {demonym} Church
God bless {country}. Oh my God. Jesus. Christ.
Happy New Year! Merry Christmas! Happy Easter!
Mom and Dad went to {place}. Grandma is at home.
Hallo, wie kann ich helfen? Vielen Dank! Guten Morgen! Mit freundlichen Grüßen
Der Kunde hat die Rechnung bezahlt. Die Lieferung kommt am Montag nach {place}.
Bitte geben Sie die Nummer der Bestellung und das Datum der Rechnung an.
Das Konto wurde gesperrt. Wir prüfen die Zahlung und den Versand der Ware.
Meine Frau und mein Sohn reisen im August nach {place}.
Bonjour, comment puis-je vous aider ? Merci ! Bonne journée.
Le client habite à {place}. La facture arrive lundi. Votre commande est prête.
Veuillez indiquer le numéro de commande. Nous vérifions le paiement.
Hola, buenos días. ¿En qué puedo ayudarle? Gracias. Muchas gracias. Saludos
El cliente vive en {place}. La factura llega el lunes. Su pedido está listo.
Indique el número de pedido, por favor. Estamos revisando el pago.
Buongiorno, come posso aiutarla? Grazie mille. Cordiali saluti
Il cliente abita a {place}. La fattura arriva lunedì. Il suo ordine è pronto.
Cliente: {company}\nCiudad: {place}
Kunde: {company}\nOrt: {place}
Client : {company}\nVille : {place}
Olá, bom dia. Obrigado. O pedido está pronto em {place}.
Hallo, waar woont u? Bedankt. De bestelling is klaar in {place}.
Hej, tack. Beställningen är klar i {place}.
Dzień dobry, dziękuję. Zamówienie jest gotowe.
Merhaba, teşekkürler. Siparişiniz hazır.
Здравствуйте, спасибо. Заказ готов. Доставка в понедельник.
`
  .trim()
  .split('\n')
