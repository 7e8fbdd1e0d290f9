"""REST framework views whose serializers ask for something about each row."""

from django.db.models import QuerySet
from rest_framework import generics, serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from library.models import Author, Book, Chapter
from library.paging import size


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["name", "born"]


class ChapterSerializer(serializers.ModelSerializer):
    class Meta:
        model = Chapter
        fields = ["title", "draft"]


class NestedSerializer(serializers.ModelSerializer):
    author = AuthorSerializer()  # site: nested-serializer

    class Meta:
        model = Book
        fields = ["title", "author"]


class MethodSerializer(serializers.ModelSerializer):
    author = serializers.SerializerMethodField()  # via: method-field

    class Meta:
        model = Book
        fields = ["title", "author"]

    def get_author(self, book: Book) -> str:
        return book.author.name  # site: method-field


class ManySerializer(serializers.ModelSerializer):
    chapters = ChapterSerializer(many=True)  # site: drf-pagination

    class Meta:
        model = Book
        fields = ["title", "chapters"]


class KeysSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title", "tags"]  # site: many-keys


class SourceSerializer(serializers.ModelSerializer):
    publisher = serializers.CharField(source="author.publisher.name")  # site: source-path

    class Meta:
        model = Book
        fields = ["title", "publisher"]


class Pages(PageNumberPagination):
    page_size = 30
    page_size_query_param = "page_size"


class NestedView(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")[:30]  # queryset: nested-serializer
    serializer_class = NestedSerializer


class MethodView(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")[:30]  # queryset: method-field
    serializer_class = MethodSerializer


class KeysView(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")[:30]  # queryset: many-keys
    serializer_class = KeysSerializer


class SourceView(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")[:30]  # queryset: source-path
    serializer_class = SourceSerializer


class PagedView(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")  # queryset: drf-pagination
    serializer_class = ManySerializer
    pagination_class = Pages


class OwnListView(generics.GenericAPIView):
    queryset = Book.objects.order_by("pk")  # queryset: own-list
    serializer_class = ManySerializer

    def get_queryset(self) -> QuerySet[Book]:
        return self.queryset

    def get(self, request: Request) -> Response:
        books = []
        for book in self.get_queryset()[: size(request)]:
            books.append([chapter.title for chapter in book.chapters.all()])  # site: own-list
        return Response({"books": books})
